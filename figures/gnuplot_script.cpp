// SPDX-License-Identifier: MIT
#include "gnuplot_script.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "axis_ticks.h"
#include "colour_scale.h"
#include "figure_checks.h"
#include "heat_map_cells.h"
#include "markup.h"
#include "panel_ranges.h"

namespace wengert::detail {
namespace {

/// Single quotes: gnuplot substitutes nothing in them, and a quote is doubled.
std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : printable(text)) {
    if (c == '\'') result += "''";
    else result += c == '\n' || c == '\t' ? ' ' : c;
  }
  return result + "'";
}

std::string tick_list(const std::vector<double>& ticks) {
  std::string text;
  for (const double tick : ticks) text += fmt::format("{}{}", text.empty() ? "" : ",", tick);
  return text;
}

std::string tick_list(const std::vector<NamedTick>& ticks) {
  std::string text;
  for (const auto& [place, name] : ticks)
    text += fmt::format("{}{} {}", text.empty() ? "" : ",", quoted(name), place);
  return text;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

/// Words at whole numbers, so many of them that they do not overlap.
std::vector<NamedTick> words(const std::vector<std::string>& names) {
  constexpr std::size_t most = 32;
  const std::size_t every = (names.size() + most - 1) / most;
  std::vector<NamedTick> ticks;
  for (std::size_t i = 0; i < names.size(); i += every)
    ticks.emplace_back(static_cast<double>(i), names[i]);
  return ticks;
}

bool too_long_for_a_line(const std::vector<std::string>& names, std::size_t width) {
  std::size_t length = 0;
  for (const std::string& name : names) length += characters(name) + 2;
  return 7 * length > width * 3 / 4;
}

/// Characters beside the colour bar: gnuplot leaves room for short numbers only.
std::size_t right_margin(const HeatMapCells& cells) {
  std::size_t longest = 4;
  for (const NamedTick& tick : cells.ticks) longest = std::max(longest, characters(tick.second));
  return longest;
}

enum class Way { up, down };

// An empty title would take its line all the same.
std::string title_lines(const std::string& title) {
  if (title.empty()) return "\nunset title\nset tmargin 1\n";
  return fmt::format("\nset title {}\nset tmargin 2\n", quoted(title));
}

std::string axis_lines(char name, const Axis& axis, const Range& range, std::size_t width,
                       Way way = Way::up) {
  const auto [start, end] =
      way == Way::up ? std::pair(range.low, range.high) : std::pair(range.high, range.low);
  std::string text =
      fmt::format("set {0}label {1}{4}\nset {0}range [{2}:{3}]\n", name, quoted(axis.label), start,
                  end, name == 'x' ? " offset 0,0.6" : "");
  text += fmt::format("{} logscale {}\n", range.log ? "set" : "unset", name);
  if (!axis.names.empty()) {
    const bool slanted = name == 'x' && too_long_for_a_line(axis.names, width);
    return text + fmt::format("set {}tics {} ({})\n", name,
                              slanted ? "rotate by 40 right" : "norotate autojustify",
                              tick_list(words(axis.names)));
  }
  std::vector<double> ticks;
  if (range.log) ticks = log_ticks(range.low, range.high);
  else if (axis.whole) ticks = whole_ticks(range.low, range.high);
  text += fmt::format("set {}tics norotate autojustify ", name);
  return text + (ticks.empty() ? "autofreq\n" : fmt::format("({})\n", tick_list(ticks)));
}

/// So many digits that neighbouring colours differ.
int digits_for(const HeatMapCells& cells) {
  const double size = std::max(std::abs(cells.low), std::abs(cells.high));
  const double ratio = size / (cells.high - cells.low);
  return std::clamp(4 + static_cast<int>(std::ceil(std::log10(ratio))), 4, 17);
}

std::string palette_line() {
  std::string text = "set palette maxcolors 256 defined (";
  for (std::size_t i = 0; i < colour_scale.size(); ++i)
    text += fmt::format("{}{} '{}'", i == 0 ? "" : ",", i, colour_scale.at(i));
  return text + ")\n";
}

bool has_maps(const Figure& figure) {
  return std::any_of(figure.panels.begin(), figure.panels.end(),
                     [](const Panel& panel) { return panel.map.has_value(); });
}

/// So many cells a side that all maps together make a picture below a megabyte.
std::size_t most_cells(const Figure& figure) {
  constexpr double all = 480.0 * 480.0;
  const auto maps = std::count_if(figure.panels.begin(), figure.panels.end(),
                                  [](const Panel& panel) { return panel.map.has_value(); });
  return static_cast<std::size_t>(
      std::sqrt(all / static_cast<double>(std::max<std::ptrdiff_t>(maps, 1))));
}

bool scatter(const Panel& panel) {
  return std::any_of(panel.series.begin(), panel.series.end(),
                     [](const Series& series) { return series.style == Series::Style::points; });
}

class Script {
 public:
  Script(const Figure& figure, std::string csv_name)
      : figure_(figure), csv_(std::move(csv_name)), most_cells_(most_cells(figure)) {}

  void add_panel(std::size_t number, const Range& x, const Range& y) {
    const Panel& panel = figure_.panels[number];
    x_ = x;
    y_ = y;
    prefix_ = figure_.panels.size() == 1 ? "" : fmt::format("{}: ", name_of(panel, number));
    if (panel.map) {
      add_map(panel, number);
      return;
    }
    text += title_lines(panel.title);
    if (has_maps(figure_))
      text += "unset object\nset border 3\nset size nosquare\nset rmargin 2\n" + grid();
    text += axis_lines('x', panel.x, x, figure_.panel_width) +
            axis_lines('y', panel.y, y, figure_.panel_width);
    bars_ = bar_places(panel);
    std::size_t bar = 0;
    text += fmt::format("unset label\nset key {}\n",
                        scatter(panel) ? "samplen 1 width 1" : "samplen 3 width 0");
    std::vector<std::string> bands, lines;
    for (std::size_t i = 0; i < panel.series.size(); ++i)
      add_series(panel, panel.series[i], i, bar, bands, lines);
    for (const Mark& mark : panel.marks) add_mark(mark, lines);
    if (lines.empty()) {
      text += "set label 'no finite values' at graph 0.5,0.5 center\n";
      lines.emplace_back("NaN notitle");
    }
    bands.insert(bands.end(), lines.begin(), lines.end());
    text += "plot ";
    for (std::size_t i = 0; i < bands.size(); ++i)
      text += fmt::format("{}{}", i == 0 ? "" : ", \\\n     ", bands[i]);
    text += '\n';
  }

  /// Lines first: gnuplot reads them from the table, and the maps may have many columns.
  Table take_table() {
    for (Table::Column& column : maps_.columns) table_.columns.push_back(std::move(column));
    return std::move(table_);
  }

  static std::string grid() {
    return "set grid linecolor rgb '#808080' linewidth 0.5 dashtype '.'\n";
  }

  std::string text;

 private:
  static std::string name_of(const Panel& panel, std::size_t number) {
    return panel.title.empty() ? fmt::format("panel {}", number + 1) : panel.title;
  }

  /// The number of the column, from 1; series with the same x share it.
  std::size_t column(const std::string& name, const std::vector<double>& values) {
    for (std::size_t i = 0; i < table_.columns.size(); ++i)
      if (table_.columns[i].name == name && same(table_.columns[i].cells, values)) return i + 1;
    table_.columns.push_back({name, {values.begin(), values.end()}});
    return table_.columns.size();
  }
  static bool same(const std::vector<std::optional<double>>& a, const std::vector<double>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, double y) { return x == y; });
  }

  bool visible(const Series& series) const {
    for (std::size_t i = 0; i < series.x.size(); ++i)
      if (std::isfinite(series.x[i]) && std::isfinite(series.y[i]) &&
          (!y_.log || series.y[i] > 0) && (!x_.log || series.x[i] > 0))
        return true;
    return false;
  }

  void add_series(const Panel& panel, const Series& series, std::size_t place, std::size_t& bar,
                  std::vector<std::string>& bands, std::vector<std::string>& lines) {
    const std::string name =
        series.name.empty() ? fmt::format("series {}", place + 1) : series.name;
    const std::string x_name = panel.x.label.empty() ? "x" : panel.x.label;
    const std::size_t x = column(prefix_ + x_name, series.x);
    const std::size_t y = column(prefix_ + name, series.y);
    const std::size_t colour = series.colour.value_or(place);
    const bool band = !series.low.empty();
    const std::size_t low = band ? column(fmt::format("{}{} low", prefix_, name), series.low) : 0;
    const std::size_t high =
        band ? column(fmt::format("{}{} high", prefix_, name), series.high) : 0;
    if (series.style == Series::Style::bars) {
      const std::string at = fmt::format("(column({})+({:.6g}))", x, bars_.offset(bar++));
      if (!visible(series)) return;
      lines.push_back(
          fmt::format("{} skip 1 using {}:{}:({:.6g}) with boxes fillstyle solid 0.9 "
                      "noborder linecolor rgb '{}' {}",
                      quoted(csv_), at, y, bars_.width, ink(colour).light, title(series.name)));
      if (band)
        lines.push_back(
            fmt::format("{} skip 1 using {}:{}:(0):(column({})-column({})) with vectors nohead "
                        "linecolor rgb 'black' linewidth 2 notitle",
                        quoted(csv_), at, low, high, low));
      return;
    }
    if (band) {
      // Cut off at the frame: a band that reaches zero would vanish from a logarithmic axis.
      bands.push_back(
          fmt::format("{} skip 1 using {}:(column({}) > {} ? column({}) : {}):{} with "
                      "filledcurves fillcolor rgb '{}' fillstyle transparent solid "
                      "0.25 noborder notitle",
                      quoted(csv_), x, low, y_.low, low, y_.low, high, ink(colour).light));
    }
    if (visible(series))
      lines.push_back(fmt::format("{} skip 1 using {}:{} {} {}", quoted(csv_), x, y,
                                  style(series.style, colour, series.x.size()),
                                  title(series.name)));
  }

  void add_mark(const Mark& mark, std::vector<std::string>& lines) const {
    const Range& along = mark.vertical ? y_ : x_;
    const std::string ends = fmt::format("($0 == 0 ? {} : {})", along.low, along.high);
    lines.push_back(
        fmt::format("'+' using {} with lines linecolor rgb 'black' linewidth 1.5 "
                    "dashtype '.' {}",
                    mark.vertical ? fmt::format("({}):{}", mark.at, ends)
                                  : fmt::format("{}:({})", ends, mark.at),
                    title(mark.text)));
  }

  static std::string title(const std::string& name) {
    return name.empty() ? "notitle" : fmt::format("title {}", quoted(name));
  }

  static std::string style(Series::Style style, std::size_t colour, std::size_t count) {
    constexpr std::array dashes{"solid", "'-'", "'_-'", "'-.'", "'_..'"};
    constexpr std::array points{7, 5, 9, 11, 13, 15, 6, 4, 8, 10};
    const std::string line = fmt::format("linecolor rgb '{}' linewidth 2 dashtype {}",
                                         ink(colour).light, dashes.at(colour % dashes.size()));
    const double size = count > 1000 ? 0.35 : count > 200 ? 0.5 : 0.6;
    const std::string point =
        fmt::format("pointtype {} pointsize {}", points.at(colour % points.size()), size);
    switch (style) {
      case Series::Style::line:
        // A line through one point would be invisible.
        return count == 1 ? fmt::format("with linespoints {} {}", line, point)
                          : "with lines " + line;
      case Series::Style::points:
        return fmt::format("with points linecolor rgb '{}' {}", ink(colour).light, point);
      case Series::Style::bars:  // drawn where their width is known
      case Series::Style::line_points: break;
    }
    return fmt::format("with linespoints {} {}", line, point);
  }

  void add_map(const Panel& panel, std::size_t number) {
    const HeatMap& map = *panel.map;
    const HeatMapCells cells = cells_of(map, most_cells_);
    add_map_to_table(panel);
    const bool empty = std::all_of(cells.values.begin(), cells.values.end(),
                                   [](double value) { return std::isnan(value); });
    text += title_lines(panel.title);
    text += axis_lines('x', panel.x, x_, figure_.panel_width) +
            axis_lines('y', panel.y, y_, figure_.panel_width,
                       map.first_row_on_top ? Way::down : Way::up);
    text += fmt::format(
        "set border 15\nunset grid\nset size {}\nset rmargin {}\nset key samplen 1 width 1\n"
        "unset label\nset cblabel {} offset 0.8,0\nset cbrange [{}:{}]\nset cbtics ({})\n"
        "set object 1 rectangle from graph 0,0 to graph 1,1 behind fillstyle solid 1 noborder "
        "fillcolor rgb '{}'\n",
        map.square ? "square" : "nosquare", right_margin(cells), quoted(map.label), cells.low,
        cells.high, tick_list(cells.ticks), blank_cell.light);
    if (!cells.note.empty())
      text += fmt::format("set label {} at graph 0.5, graph 1 center offset 0,0.5 font ',11'\n",
                          quoted(cells.note));
    text += empty ? "unset colorbox\nset label 'no finite values' at graph 0.5,0.5 center\n"
                  : "set colorbox\n";

    const std::size_t tall = repeats(cells.rows), wide = repeats(cells.columns);
    const int digits = digits_for(cells);
    text += fmt::format("$map{} << EOD\n", number + 1);
    for (std::size_t i = 0; i < cells.rows * tall; ++i) {
      for (std::size_t j = 0; j < cells.columns * wide; ++j) {
        const double value = cells.values[i / tall * cells.columns + j / wide];
        if (j > 0) text += ',';
        text += std::isnan(value) ? "NaN" : fmt::format("{:.{}g}", value, digits);
      }
      text += '\n';
    }
    const auto place = [](double first, double step, std::size_t count, std::size_t drawn) {
      const double size = step * static_cast<double>(count) / static_cast<double>(drawn);
      return std::pair(first - 0.5 * step + 0.5 * size, size);
    };
    const auto [x, dx] = place(map.first_x, map.step_x, map.columns, cells.columns * wide);
    const auto [y, dy] = place(map.first_y, map.step_y, map.rows, cells.rows * tall);
    text += fmt::format(
        "EOD\nplot $map{} matrix using ({}+$1*{}):({}+$2*{}):3 with image notitle{}\n", number + 1,
        x, dx, y, dy,
        cells.blanks.empty()
            ? ""
            : fmt::format(", \\\n     keyentry with boxes fillstyle solid 1 noborder linecolor "
                          "rgb '{}' title {}",
                          blank_cell.light, quoted(cells.blanks)));
  }

  /// Some viewers blur what they enlarge, whatever the picture asks for: a cell is many pixels. And
  /// gnuplot draws no image of a single row or column.
  std::size_t repeats(std::size_t cells) const {
    const std::size_t pixels = std::clamp<std::size_t>(most_cells_, 2, 256);
    return (pixels + cells - 1) / cells;
  }

  /// All its values as they were given, a line each row.
  void add_map_to_table(const Panel& panel) {
    const HeatMap& map = *panel.map;
    const auto at = [](double first, double step, std::size_t i) {
      return first + step * static_cast<double>(i);
    };
    const auto named = [](const Axis& axis, const char* name) {
      return axis.label.empty() ? std::string(name) : axis.label;
    };
    Table::Column rows{prefix_ + named(panel.y, "y"), {}};
    for (std::size_t i = 0; i < map.rows; ++i)
      rows.cells.emplace_back(at(map.first_y, map.step_y, i));
    maps_.columns.push_back(std::move(rows));
    for (std::size_t j = 0; j < map.columns; ++j) {
      Table::Column column{
          fmt::format("{}{} at {} = {}", prefix_, map.label.empty() ? "value" : map.label,
                      named(panel.x, "x"), at(map.first_x, map.step_x, j)),
          {}};
      column.cells.reserve(map.rows);
      for (std::size_t i = 0; i < map.rows; ++i)
        column.cells.emplace_back(map.values[i * map.columns + j]);
      maps_.columns.push_back(std::move(column));
    }
  }

  const Figure& figure_;
  std::string csv_;
  std::size_t most_cells_;
  std::string prefix_;
  Range x_, y_;
  BarPlaces bars_;
  Table table_, maps_;
};

}  // namespace

Drawing drawing_of(const Figure& figure, const std::string& csv_name, const std::string& svg_name) {
  check(figure);
  // gnuplot would run a name that starts with < or |, and look up one that starts with $.
  const std::string csv = "./" + csv_name, svg = "./" + svg_name;
  const std::size_t columns =
      std::min(figure.columns == 0 ? 3 : figure.columns, figure.panels.size());
  const std::size_t rows = (figure.panels.size() + columns - 1) / columns;
  const std::size_t heading = figure.title.empty() ? 0 : 30;

  std::vector<Range> xs, ys;
  Range all_x, all_y;
  for (const Panel& panel : figure.panels) {
    if (panel.map) {
      xs.push_back(map_range(*panel.map, panel.x, true));
      ys.push_back(map_range(*panel.map, panel.y, false));
      continue;
    }
    xs.push_back(data_range(panel, panel.x, true));
    ys.push_back(data_range(panel, panel.y, false));
    all_x.take({xs.back().low, xs.back().high});
    all_y.take({ys.back().low, ys.back().high});
  }
  Script script(figure, csv);
  script.text = fmt::format(
      "# gnuplot 5.4 or newer draws {1} from {0}: run it in this folder.\n"
      "set encoding utf8\nset datafile separator ','\n"
      "set terminal svg size {2},{3} dynamic noenhanced font 'sans-serif,13'\n"
      "set output {1}\n"
      "set border 3 linecolor rgb 'black'\nset tics nomirror out scale 0.5\nset samples 2\n"
      "{7}set key below center horizontal Left reverse\nset rmargin 2\n"
      "set title offset 0,-0.4\nset format '%g'\n{8}"
      "set multiplot layout {4},{5}{6}\n",
      quoted(csv), quoted(svg), columns * figure.panel_width, rows * figure.panel_height + heading,
      rows, columns, figure.title.empty() ? "" : " title " + quoted(figure.title), Script::grid(),
      has_maps(figure) ? palette_line() : "");
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const Panel& panel = figure.panels[i];
    const auto shared = [](const Range& own, const Range& all) {
      return Range{all.low, all.high, own.log, own.zero};
    };
    if (panel.map) {
      script.add_panel(i, xs[i], ys[i]);
      continue;
    }
    script.add_panel(i,
                     widened(figure.share_x ? shared(xs[i], all_x) : xs[i], panel.x,
                             scatter(panel) ? 0.05 : 0.0),
                     widened(figure.share_y ? shared(ys[i], all_y) : ys[i], panel.y, 0.05));
  }
  script.text += "\nunset multiplot\n";
  return {script.take_table(), std::move(script.text)};
}

}  // namespace wengert::detail
