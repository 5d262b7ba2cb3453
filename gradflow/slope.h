// SPDX-License-Identifier: MIT
// A straight line through values at 0, 1, 2, ... Internal.
#pragma once

#include <span>

namespace wengert::gradflow {

struct Line {
  double slope = 0.0;
  double at_zero = 0.0;
};
/// Least squares through the finite ones; level through their mean if fewer than two are.
Line line_through(std::span<const double> values);

}  // namespace wengert::gradflow
