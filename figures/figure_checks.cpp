// SPDX-License-Identifier: MIT
#include "figure_checks.h"

#include <cmath>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::detail {
namespace {

void check(const Series& series) {
  const auto require = [&](const char* what, std::size_t length, std::size_t other) {
    if (length != other)
      throw ValueError(fmt::format("write_figure: series '{}': {} of equal length: {} and {}",
                                   series.name, what, length, other));
  };
  require("x and y are", series.x.size(), series.y.size());
  if (series.low.empty() && series.high.empty()) return;
  require("low and y are", series.low.size(), series.y.size());
  require("high and y are", series.high.size(), series.y.size());
}

void check(const HeatMap& map, const Panel& panel) {
  const auto require = [&](bool fulfilled, const std::string& rule) {
    if (!fulfilled)
      throw ValueError(fmt::format("write_figure: heat map '{}': {}", panel.title, rule));
  };
  require(panel.series.empty() && panel.marks.empty(),
          "it fills its panel: give series and marks a panel of their own");
  require(!panel.x.log && !panel.y.log, "its axes are linear, because its cells are equal");
  require(map.rows > 0 && map.columns > 0,
          fmt::format("it has rows and columns: {} x {}", map.rows, map.columns));
  require(map.values.size() / map.columns == map.rows && map.values.size() % map.columns == 0,
          fmt::format("rows x columns values: {} x {} and {}", map.rows, map.columns,
                      map.values.size()));
  for (const double step : {map.step_x, map.step_y})
    require(step > 0 && std::isfinite(step),
            fmt::format("the step from cell to cell is positive: {}; first_row_on_top says which "
                        "way y grows",
                        step));
  for (const double first : {map.first_x, map.first_y})
    require(std::isfinite(first), fmt::format("the first cell is at a number: {}", first));
  for (const std::optional<double>& end : {map.low, map.high}) {
    if (!end) continue;
    require(std::isfinite(*end), fmt::format("an end of the colours is a number: {}", *end));
    require(map.scale != HeatMap::Scale::logarithmic || *end > 0,
            fmt::format("an end of a logarithmic scale is positive: {}", *end));
  }
  if (map.low && map.high)
    require(*map.low < *map.high, fmt::format("low is below high: {} and {}", *map.low, *map.high));
}

}  // namespace

void check(const Figure& figure) {
  if (figure.panels.empty()) throw ValueError("write_figure: a figure has at least one panel");
  for (const Panel& panel : figure.panels) {
    for (const Series& series : panel.series) check(series);
    if (panel.map) check(*panel.map, panel);
  }
}

}  // namespace wengert::detail
