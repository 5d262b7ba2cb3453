// SPDX-License-Identifier: MIT
#include "heat_map_cells.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace wengert::detail {
namespace {

constexpr double blank = std::numeric_limits<double>::quiet_NaN();
constexpr double largest = 1e290;  // gnuplot multiplies what it is given

double on_scale(double value, HeatMap::Scale scale) {
  if (!std::isfinite(value)) return blank;
  if (scale == HeatMap::Scale::logarithmic) return value > 0 ? std::log10(value) : blank;
  return std::clamp(value, -largest, largest);
}

/// Where block number `i` of `count` begins among `total`; their sizes differ by one at most.
std::size_t begin_of(std::size_t i, std::size_t count, std::size_t total) {
  return i * total / count;
}

/// Of those that have a value. `values` is reordered.
double representative(std::vector<double>& values, HeatMap::Blocks blocks) {
  if (values.empty()) return blank;
  if (blocks == HeatMap::Blocks::maximum) return *std::max_element(values.begin(), values.end());
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return *std::max_element(values.begin(), middle) / 2 + *middle / 2;
}

std::vector<double> reduced(const HeatMap& map, std::size_t rows, std::size_t columns) {
  std::vector<double> result;
  result.reserve(rows * columns);
  std::vector<double> block;
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) {
      block.clear();
      for (std::size_t r = begin_of(i, rows, map.rows); r < begin_of(i + 1, rows, map.rows); ++r)
        for (std::size_t c = begin_of(j, columns, map.columns);
             c < begin_of(j + 1, columns, map.columns); ++c) {
          const double value = on_scale(map.values[r * map.columns + c], map.scale);
          if (!std::isnan(value)) block.push_back(value);
        }
      result.push_back(representative(block, map.blocks));
    }
  return result;
}

/// Why values have no colour, in words.
std::string reasons(const HeatMap& map) {
  bool none = false, infinite = false, zero = false, not_positive = false;
  for (const double value : map.values) {
    // The logarithm of zero is no overflow.
    const bool of_zero = map.scale == HeatMap::Scale::exponents && value < 0;
    none = none || std::isnan(value);
    if (std::isinf(value)) (of_zero ? zero : infinite) = true;
    else if (map.scale == HeatMap::Scale::logarithmic && value <= 0) not_positive = true;
  }
  std::string text;
  const auto add = [&](bool there, const char* what) {
    if (there) text += (text.empty() ? "" : " or ") + std::string(what);
  };
  add(none, "no value");
  add(zero, "zero");
  add(not_positive, "not positive");
  add(infinite, "infinite");
  return text;
}

void set_range(HeatMapCells& cells, const HeatMap& map) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : cells.values) {
    if (std::isnan(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const bool empty = low > high;
  if (empty) low = high = 0;
  const bool linear = map.scale == HeatMap::Scale::linear;
  const double margin = linear && high != 0 ? 0.1 * std::abs(high) : 0.5;
  if (low == high) {
    low -= margin;
    high += margin;
  }
  if (map.low) low = on_scale(*map.low, map.scale);
  if (map.high) high = on_scale(*map.high, map.scale);
  // One end is given and all values are beyond it.
  if (low >= high) (map.low ? high : low) = map.low ? low + 2 * margin : high - 2 * margin;
  cells.low = low;
  cells.high = high;
}

std::string name_of(double place, HeatMap::Scale scale) {
  if (scale == HeatMap::Scale::linear) return fmt::format("{:.3g}", place);
  const bool whole = std::round(place) == place;
  return whole || std::abs(place) > 290 ? power_of_ten(place)
                                        : fmt::format("{:.3g}", std::pow(10, place));
}

std::vector<NamedTick> ticks_of(const HeatMapCells& cells, HeatMap::Scale scale, bool cut_below,
                                bool cut_above) {
  const auto named = [&](double low, double high) {
    return scale == HeatMap::Scale::linear ? linear_named_ticks(low, high)
                                           : exponent_named_ticks(low, high);
  };
  std::vector<NamedTick> ticks = named(cells.low, cells.high);
  const double span = cells.high / 2 - cells.low / 2;  // half of it: the whole could overflow
  const auto mark_end = [&](double end, const char* sign) {
    const auto near = [&](const NamedTick& tick) {
      return std::abs(tick.first / 2 - end / 2) < 0.06 * span;
    };
    std::string text = name_of(end, scale);
    for (const NamedTick& tick : ticks)
      if (std::abs(tick.first / 2 - end / 2) < 1e-6 * span) text = tick.second;
    std::erase_if(ticks, near);
    ticks.emplace_back(end, sign + text);
  };
  if (cut_below) mark_end(cells.low, "≤ ");
  if (cut_above) mark_end(cells.high, "≥ ");
  std::sort(ticks.begin(), ticks.end());
  return ticks;
}

std::string share(std::size_t whole, std::size_t parts) {
  return whole % parts == 0
             ? fmt::format("{}", whole / parts)
             : fmt::format("{:.1f}", static_cast<double>(whole) / static_cast<double>(parts));
}

}  // namespace

HeatMapCells cells_of(const HeatMap& map, std::size_t most) {
  HeatMapCells cells{.rows = std::min(map.rows, most), .columns = std::min(map.columns, most)};
  cells.values = reduced(map, cells.rows, cells.columns);
  set_range(cells, map);
  bool cut_below = false, cut_above = false, any_blank = false;
  for (double& value : cells.values) {
    any_blank = any_blank || std::isnan(value);
    cut_below = cut_below || value < cells.low;
    cut_above = cut_above || value > cells.high;
    if (!std::isnan(value)) value = std::clamp(value, cells.low, cells.high);
  }
  cells.ticks = ticks_of(cells, map.scale, cut_below, cut_above);
  if (any_blank) cells.blanks = reasons(map);
  if (cells.rows < map.rows || cells.columns < map.columns)
    cells.note = fmt::format("each cell: the {} of {} x {} values",
                             map.blocks == HeatMap::Blocks::maximum ? "largest" : "median",
                             share(map.rows, cells.rows), share(map.columns, cells.columns));
  return cells;
}

}  // namespace wengert::detail
