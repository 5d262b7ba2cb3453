// SPDX-License-Identifier: MIT
// Which checker catches which mutant, as the table of docs/gradcheck.md.
#pragma once

#include <string>
#include <vector>

#include "gradcheck/mutants.h"

namespace wengert::mutants {

/// What our checker says, by first or second order as the mutant is made for.
CheckReport checked(const Mutant& mutant);
CheckReport checked_right(const Mutant& mutant);

/// What a checker makes of a mutant and its right twin.
enum class Outcome {
  missed,
  caught,
  rejects_both,  ///< no catch: it cannot tell the wrong gradient from the right one
};

struct Matrix {
  struct Row {
    const Mutant* mutant;
    std::string tier;
    std::string hint;
    Outcome ours;
    std::vector<Outcome> rivals;  ///< in the order of rivals()
  };
  std::vector<Row> rows;
  std::size_t rights = 0;                 ///< right gradients that were put before all
  std::size_t false_alarms = 0;           ///< of ours
  std::vector<std::size_t> rival_alarms;  ///< in the order of rivals()
};
/// Runs everything.
Matrix matrix();
/// As a Markdown table, totals last.
std::string markdown(const Matrix& matrix);

}  // namespace wengert::mutants
