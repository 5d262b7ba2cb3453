// SPDX-License-Identifier: MIT
// A step length along a direction that satisfies the strong Wolfe conditions. Internal.
#pragma once

#include <functional>
#include <optional>

namespace wengert::detail {

/// A function of one variable at one place.
struct LinePoint {
  double step = 0.0;
  double value = 0.0;
  double slope = 0.0;
};

struct Wolfe {
  double decrease;   ///< c1: value <= value0 + c1 step slope0
  double curvature;  ///< c2: |slope| <= c2 |slope0|
  /// Differences of values that are rounding. Within it the slopes decide, as in the approximate
  /// conditions of Hager and Zhang (2005): without it no minimum is found to more than half of the
  /// digits.
  double noise;
};

/// Nocedal and Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6, with cubic
/// interpolation. `start` is at step 0 and goes down; values that are not finite count as too long
/// a step. The last place that `evaluate` is asked for is not always the one returned. Nothing if
/// no place is better than the start.
std::optional<LinePoint> find_step(const std::function<LinePoint(double)>& evaluate,
                                   const LinePoint& start, double first, const Wolfe& wolfe);

}  // namespace wengert::detail
