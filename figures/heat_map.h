// SPDX-License-Identifier: MIT
// A matrix shown as colours: one panel of a Figure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace wengert {

struct HeatMap {
  enum class Scale {
    linear,
    logarithmic,  ///< what is not positive is left blank
    exponents     ///< the values are decimal logarithms, of numbers that a double may not hold
  };
  /// What stands for the values that share a cell, where there are more than can be drawn.
  enum class Blocks { maximum, median };

  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values = {};  ///< rows x columns, row by row; not finite: left blank
  std::string label = {};           ///< of the colours, with the unit
  Scale scale = Scale::linear;
  /// Ends of the colours, so that several panels can share a scale; an exponent if the values are.
  /// What is beyond has the end's colour, and the colour bar says so.
  std::optional<double> low = {};
  std::optional<double> high = {};
  double first_x = 0;  ///< of the first column's middle
  double step_x = 1;   ///< from a column to the next
  double first_y = 0;
  double step_y = 1;
  bool first_row_on_top = true;  ///< as a matrix is written; false: y grows upwards
  bool square = true;            ///< false: as wide and high as the panel allows
  Blocks blocks = Blocks::maximum;
};

}  // namespace wengert
