// SPDX-License-Identifier: MIT
// The slope of a straight line through values at 0, 1, 2, ... Internal.
#pragma once

#include <span>

namespace wengert::gradflow {

/// Least squares through the finite ones; 0 if fewer than two are.
double slope_of(std::span<const double> values);

}  // namespace wengert::gradflow
