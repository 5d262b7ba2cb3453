// SPDX-License-Identifier: MIT
// From where to where a panel's axes go.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "figure.h"

namespace wengert::detail {

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  bool log = false;
  /// Where bars stand: an end that is there stays.
  double zero = std::numeric_limits<double>::quiet_NaN();

  bool empty() const { return low > high; }
  void take(double value) {
    if (!(std::abs(value) < 1e290) || (log && value <= 1e-290)) return;  // gnuplot's arithmetic
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void take(const std::vector<double>& values) {
    for (const double value : values) take(value);
  }
};

/// Of what a panel's series and marks hold along x (`horizontal`) or y; bars reach to zero.
Range data_range(const Panel& panel, const Axis& axis, bool horizontal);
/// With `share` of its length at both ends, never empty, and as the axis wants it.
Range widened(Range range, const Axis& axis, double share);
/// The edges of the outermost cells.
Range map_range(const HeatMap& map, const Axis& axis, bool horizontal);

/// Bars at one x stand side by side.
struct BarPlaces {
  std::size_t count = 0;  ///< series of bars
  double width = 0;       ///< of one bar, in units of x
  double offset(std::size_t number) const {
    return width * (static_cast<double>(number) - 0.5 * static_cast<double>(count - 1));
  }
};
BarPlaces bar_places(const Panel& panel);

}  // namespace wengert::detail
