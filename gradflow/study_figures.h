// SPDX-License-Identifier: MIT
// The figures of a study, one by one.
#pragma once

#include <string>
#include <vector>

#include "../figures/figure.h"
#include "study.h"

namespace wengert::gradflow {

struct NamedFigure {
  std::string name;  ///< of the files
  std::string heading;
  std::string caption;  ///< what is seen, and what it cannot tell
  Figure figure;
};

/// The credit matrix as a panel, titled with the study's title: for small multiples.
Panel credit_panel(const Study& study);

/// All that the study has numbers for, in the order of its page.
std::vector<NamedFigure> figures_of(const Study& study);

}  // namespace wengert::gradflow
