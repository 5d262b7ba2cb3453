// SPDX-License-Identifier: MIT
#include "panel_ranges.h"

#include <limits>

namespace wengert::detail {
namespace {

bool bars(const Series& series) { return series.style == Series::Style::bars; }

void take_series(Range& range, const Panel& panel, bool horizontal) {
  for (const Series& series : panel.series) {
    range.take(horizontal ? series.x : series.y);
    if (horizontal) {
      if (!bars(series)) continue;
      const BarPlaces places = bar_places(panel);
      const double half = 0.6 * places.width * static_cast<double>(places.count);
      for (const double x : series.x) {
        range.take(x - half);
        range.take(x + half);
      }
      continue;
    }
    if (bars(series) && !range.log) {  // a bar's length is its value
      range.take(0);
      range.zero = 0;
    }
    range.take(series.low);
    range.take(series.high);
  }
  for (const Mark& mark : panel.marks)
    if (mark.vertical == horizontal) range.take(mark.at);
}

}  // namespace

// Linear where a logarithmic axis would have nothing to show.
Range data_range(const Panel& panel, const Axis& axis, bool horizontal) {
  Range range;
  range.log = axis.log;
  take_series(range, panel, horizontal);
  if (range.empty() && axis.log) {
    range = {};
    take_series(range, panel, horizontal);
  }
  return range;
}

Range widened(Range range, const Axis& axis, double share) {
  if (range.empty()) {
    range.low = 0;
    range.high = 1;
    range.log = false;
  }
  if (range.low == range.high) {
    const double by = axis.whole ? 0.5 : range.low == 0 ? 1 : 0.1 * std::abs(range.low);
    range.low -= by;
    range.high += by;
  } else if (range.log) {
    const double by = share * (std::log10(range.high) - std::log10(range.low));
    range.low = std::max(std::pow(10, std::log10(range.low) - by), 1e-300);
    range.high = std::min(std::pow(10, std::log10(range.high) + by), 1e300);
  } else {
    const double by = share * range.high - share * range.low;
    if (range.low != range.zero) range.low -= by;
    if (range.high != range.zero) range.high += by;
  }
  if (axis.low && (!range.log || *axis.low > 0)) range.low = *axis.low;
  if (axis.high && *axis.high > range.low) range.high = *axis.high;
  return range;
}

Range map_range(const HeatMap& map, const Axis& axis, bool horizontal) {
  const double first = horizontal ? map.first_x : map.first_y;
  const double step = horizontal ? map.step_x : map.step_y;
  const auto count = static_cast<double>(horizontal ? map.columns : map.rows);
  Range range;
  range.low = first - 0.5 * step;
  range.high = first + (count - 0.5) * step;
  return widened(range, axis, 0);
}

BarPlaces bar_places(const Panel& panel) {
  BarPlaces places;
  std::vector<double> all;
  for (const Series& series : panel.series) {
    if (!bars(series)) continue;
    ++places.count;
    for (const double x : series.x)
      if (std::isfinite(x)) all.push_back(x);
  }
  std::sort(all.begin(), all.end());
  double closest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i < all.size(); ++i)
    if (all[i] > all[i - 1]) closest = std::min(closest, all[i] - all[i - 1]);
  if (std::isinf(closest)) closest = 1;
  if (places.count > 0) places.width = 0.8 * closest / static_cast<double>(places.count);
  return places;
}

}  // namespace wengert::detail
