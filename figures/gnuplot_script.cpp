// SPDX-License-Identifier: MIT
#include "gnuplot_script.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "../graph/error.h"
#include "markup.h"
#include "svg_theme.h"

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

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  bool log = false;

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

void take_series(Range& range, const Panel& panel, bool horizontal) {
  for (const Series& series : panel.series) {
    range.take(horizontal ? series.x : series.y);
    if (horizontal) continue;
    range.take(series.low);
    range.take(series.high);
  }
  for (const Mark& mark : panel.marks)
    if (mark.vertical == horizontal) range.take(mark.at);
}

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
    range.low -= by;
    range.high += by;
  }
  if (axis.low && (!range.log || *axis.low > 0)) range.low = *axis.low;
  if (axis.high && *axis.high > range.low) range.high = *axis.high;
  return range;
}

std::string tick_list(const std::vector<double>& ticks) {
  std::string text;
  for (const double tick : ticks) text += fmt::format("{}{}", text.empty() ? "" : ",", tick);
  return text;
}

std::string axis_lines(char name, const Axis& axis, const Range& range) {
  std::string text =
      fmt::format("set {0}label {1}{4}\nset {0}range [{2}:{3}]\n", name, quoted(axis.label),
                  range.low, range.high, name == 'x' ? " offset 0,0.6" : "");
  text += fmt::format("{} logscale {}\n", range.log ? "set" : "unset", name);
  std::vector<double> ticks;
  if (range.log) ticks = log_ticks(range.low, range.high);
  else if (axis.whole) ticks = whole_ticks(range.low, range.high);
  return text + (ticks.empty() ? fmt::format("set {}tics autofreq\n", name)
                               : fmt::format("set {}tics ({})\n", name, tick_list(ticks)));
}

bool scatter(const Panel& panel) {
  return std::any_of(panel.series.begin(), panel.series.end(),
                     [](const Series& series) { return series.style == Series::Style::points; });
}

class Script {
 public:
  Script(const Figure& figure, std::string csv_name) : figure_(figure), csv_(std::move(csv_name)) {}

  void add_panel(std::size_t number, const Range& x, const Range& y) {
    const Panel& panel = figure_.panels[number];
    x_ = x;
    y_ = y;
    text += fmt::format("\nset title {}\n", quoted(panel.title));
    text += axis_lines('x', panel.x, x) + axis_lines('y', panel.y, y);
    text += fmt::format("unset label\nset key {}\n",
                        scatter(panel) ? "samplen 1 width 1" : "samplen 3 width 0");
    prefix_ = figure_.panels.size() == 1 ? "" : fmt::format("{}: ", name_of(panel, number));
    std::vector<std::string> bands, lines;
    for (std::size_t i = 0; i < panel.series.size(); ++i)
      add_series(panel, panel.series[i], i, bands, lines);
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

  std::string text;
  Table table;

 private:
  static std::string name_of(const Panel& panel, std::size_t number) {
    return panel.title.empty() ? fmt::format("panel {}", number + 1) : panel.title;
  }

  /// The number of the column, from 1; series with the same x share it.
  std::size_t column(const std::string& name, const std::vector<double>& values) {
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      if (table.columns[i].name == name && same(table.columns[i].cells, values)) return i + 1;
    table.columns.push_back({name, {values.begin(), values.end()}});
    return table.columns.size();
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

  void add_series(const Panel& panel, const Series& series, std::size_t place,
                  std::vector<std::string>& bands, std::vector<std::string>& lines) {
    const std::string name =
        series.name.empty() ? fmt::format("series {}", place + 1) : series.name;
    const std::string x_name = panel.x.label.empty() ? "x" : panel.x.label;
    const std::size_t x = column(prefix_ + x_name, series.x);
    const std::size_t y = column(prefix_ + name, series.y);
    const std::size_t colour = series.colour.value_or(place);
    if (!series.low.empty()) {
      const std::size_t low = column(fmt::format("{}{} low", prefix_, name), series.low);
      const std::size_t high = column(fmt::format("{}{} high", prefix_, name), series.high);
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
      case Series::Style::line_points: break;
    }
    return fmt::format("with linespoints {} {}", line, point);
  }

  const Figure& figure_;
  std::string csv_;
  std::string prefix_;
  Range x_, y_;
};

void check(const Figure& figure) {
  if (figure.panels.empty()) throw ValueError("write_figure: a figure has at least one panel");
  for (const Panel& panel : figure.panels)
    for (const Series& series : panel.series) {
      const auto require = [&](const char* what, std::size_t length, std::size_t other) {
        if (length != other)
          throw ValueError(fmt::format("write_figure: series '{}': {} of equal length: {} and {}",
                                       series.name, what, length, other));
      };
      require("x and y are", series.x.size(), series.y.size());
      if (series.low.empty() && series.high.empty()) continue;
      require("low and y are", series.low.size(), series.y.size());
      require("high and y are", series.high.size(), series.y.size());
    }
}

}  // namespace

std::vector<double> log_ticks(double low, double high) {
  static const std::array<std::vector<double>, 3> mantissas{
      {{1}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9}}};
  const double decades = std::log10(high) - std::log10(low);
  const double every = std::max(1.0, std::ceil(decades / 8));
  std::vector<double> ticks;
  std::size_t fine = decades > 2.5 ? 0 : decades > 0.9 ? 1 : 2;
  for (; ticks.size() < 3 && fine < mantissas.size(); ++fine) {
    ticks.clear();
    for (double exponent = std::floor(std::log10(low)); exponent <= std::log10(high); ++exponent)
      for (const double mantissa : mantissas.at(fine)) {
        const double tick = mantissa * std::pow(10.0, exponent);
        if (tick >= low && tick <= high && std::fmod(std::abs(exponent), every) == 0)
          ticks.push_back(tick);
      }
  }
  if (ticks.size() >= 3 || !(low < high)) return ticks;
  // So narrow that the axis is as good as linear.
  const double rough = (high - low) / 8;
  const double decade = std::pow(10.0, std::floor(std::log10(rough)));
  const double step = decade * (rough <= 2 * decade ? 2 : rough <= 5 * decade ? 5 : 10);
  ticks.clear();
  for (double k = std::ceil(low / step); k * step <= high; ++k) ticks.push_back(k * step);
  return ticks;
}

std::vector<double> whole_ticks(double low, double high) {
  const double rough = std::max(1.0, (high - low) / 6);
  const double decade = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * decade;
  for (const double factor : {5.0, 2.0, 1.0})
    if (factor * decade >= rough && std::floor(factor * decade) == factor * decade)
      step = factor * decade;
  std::vector<double> ticks;
  for (double tick = std::ceil(low / step) * step; tick <= high; tick += step)
    ticks.push_back(tick);
  // The axis of epochs starts at 1, which 5, 10, 15 would not show.
  if (low <= 1 && !ticks.empty() && (ticks[0] > 1 || low > 0)) {
    std::set<double> with_first(ticks.begin(), ticks.end());
    with_first.insert(1);
    ticks.assign(with_first.begin(), with_first.end());
  }
  return ticks;
}

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
      "set grid linecolor rgb '#808080' linewidth 0.5 dashtype '.'\n"
      "set key below center horizontal Left reverse\nset tmargin 2\nset rmargin 2\nset title "
      "offset 0,-0.4\nset format '%g'\n"
      "set multiplot layout {4},{5} title {6}\n",
      quoted(csv), quoted(svg), columns * figure.panel_width, rows * figure.panel_height + heading,
      rows, columns, quoted(figure.title));
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const Panel& panel = figure.panels[i];
    const auto shared = [](const Range& own, const Range& all) {
      return Range{all.low, all.high, own.log};
    };
    script.add_panel(i,
                     widened(figure.share_x ? shared(xs[i], all_x) : xs[i], panel.x,
                             scatter(panel) ? 0.05 : 0.0),
                     widened(figure.share_y ? shared(ys[i], all_y) : ys[i], panel.y, 0.05));
  }
  script.text += "\nunset multiplot\n";
  return {std::move(script.table), std::move(script.text)};
}

}  // namespace wengert::detail
