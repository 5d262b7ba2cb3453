// SPDX-License-Identifier: MIT
// What a model ends in, read from the recording of one forward pass: the last op that decides which
// values can come out. For advise.
#pragma once

#include <limits>
#include <string>

#include "../graph/var.h"

namespace wengert::detail {

struct LastActivation {
  std::string name;  ///< "sigmoid"; "linear" for a layer without one; else the last op's name
  /// The values it can give; unlimited where unknown.
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool linear = false;  ///< a weighted sum, which can give any value
  bool known = false;   ///< linear, or an activation function whose range is above

  bool is(std::string_view other) const { return name == other; }
  bool within(double lowest, double highest) const {
    return known && low >= lowest && high <= highest;
  }
  bool bounded() const {
    return low > -std::numeric_limits<double>::infinity() ||
           high < std::numeric_limits<double>::infinity();
  }
};

/// Looks through reshaping, slicing and the like, and through scaling and shifting of a linear
/// layer. `prediction` may be on no tape: then nothing is known.
LastActivation last_activation(const Var& prediction);

}  // namespace wengert::detail
