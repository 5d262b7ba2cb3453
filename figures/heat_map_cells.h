// SPDX-License-Identifier: MIT
// A HeatMap as it is drawn: on the scale of its colours, no larger than a picture can show, with
// the ticks of its colour bar and what its legend has to say.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "axis_ticks.h"
#include "heat_map.h"

namespace wengert::detail {

struct HeatMapCells {
  std::size_t rows = 0;
  std::size_t columns = 0;
  /// rows x columns, within [low, high], logarithms to base ten unless the scale is linear; NaN:
  /// blank.
  std::vector<double> values = {};
  double low = 0;
  double high = 1;
  std::vector<NamedTick> ticks = {};
  std::string blanks = {};  ///< what a blank cell means; empty if there is none
  std::string note = {};    ///< what a cell stands for, if it is more than one value
};
/// At most `most` rows and columns. `map` has passed the checks of write_figure.
HeatMapCells cells_of(const HeatMap& map, std::size_t most);

}  // namespace wengert::detail
