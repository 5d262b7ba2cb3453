// SPDX-License-Identifier: MIT
// How strongly each loss depends on the input of each step (D12).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "../graph/tape.h"
#include "../graph/var.h"

namespace wengert::gradflow {

/// ln |dL_s / dx_k| over the whole batch; -inf where there is no path.
struct Sensitivity {
  std::size_t losses = 0;
  std::size_t inputs = 0;
  std::vector<double> log_norm = {};  ///< row s, column k
  double at(std::size_t s, std::size_t k) const { return log_norm[s * inputs + k]; }
};

/// For outputs y_s in place of losses, pass scalars made of them, e.g. select(y_s, ...). `xs`:
/// inputs or values computed from them, one a step; of a value that several steps read, by all of
/// its uses. Errors: as for study; TapeError if an x is not
/// on it.
Sensitivity sensitivity(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses,
                        std::span<const Var> xs);

}  // namespace wengert::gradflow
