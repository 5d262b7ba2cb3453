// SPDX-License-Identifier: MIT
// Figures as values, drawn by gnuplot as a program: one or several panels of lines, points, bars,
// bands and heat maps.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "heat_map.h"

namespace wengert {

struct Series {
  enum class Style {
    line,
    points,
    line_points,
    bars  ///< from zero; those of several series side by side
  };

  std::string name = {};  ///< in the legend; none if empty
  std::vector<double> x = {};
  std::vector<double> y = {};  ///< values that are not finite leave a gap
  std::vector<double> low =
      {};  ///< with `high`: a band about the line, e.g. of quartiles; whiskers of bars
  std::vector<double> high = {};
  Style style = Style::line;
  /// Of the palette (Okabe and Ito's, safe for the colour-blind), with a dash and a point of its
  /// own; by default the series' place in its panel.
  std::optional<std::size_t> colour = {};
};

struct Axis {
  std::string label = {};               ///< with the unit: "loss / nats"
  bool log = false;                     ///< only where there is something positive to show
  bool whole = false;                   ///< ticks at whole numbers only
  std::vector<std::string> names = {};  ///< at 0, 1, 2 and so on, in place of numbers
  std::optional<double> low = {};
  std::optional<double> high = {};
};

/// A straight line across the panel, with a word about it in the legend.
struct Mark {
  double at = 0;
  std::string text = {};
  bool vertical = false;
};

struct Panel {
  std::string title = {};
  Axis x = {};
  Axis y = {};
  std::vector<Series> series = {};
  std::vector<Mark> marks = {};
  std::optional<HeatMap> map = {};  ///< in place of series and marks
};

struct Figure {
  std::string title = {};
  std::vector<Panel> panels = {};  ///< small multiples, row by row
  std::size_t columns = 0;         ///< panels a row; 0: up to three
  std::size_t panel_width = 480;   ///< pixels
  std::size_t panel_height = 320;
  bool share_x = false;  ///< the same range in all panels
  bool share_y = false;
};

/// Writes `path`, which ends in ".svg", and beside it the numbers (.csv) and the script (.gp) it is
/// drawn from; `gnuplot name.gp` in their folder draws it again. The picture follows the reader's
/// light or dark scheme. Returns the SVG's text, which can stand in an HTML page.
/// Of a heat map the .csv has all values, a line each row (y, then a column for each x); the script
/// has what is drawn: at most 480 x 480 cells of one map, fewer of several, so that a picture stays
/// below a megabyte. If cells stand for several values, the panel says so.
/// Errors: ValueError if there is no panel, x and y (or a band) differ in length, a heat map has
/// other than rows x columns values, no cells, series or marks beside it, a logarithmic axis, a
/// step that is not positive or ends of its colours that are none, or the path does not end in
/// ".svg" or has a file name with control characters; FileError if a file cannot be written or
/// gnuplot is missing or fails: the .csv and the .gp are written even then.
std::string write_figure(const Figure& figure, const std::string& path);

}  // namespace wengert
