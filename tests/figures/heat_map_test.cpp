// SPDX-License-Identifier: MIT
// Matrices as colours: which numbers gnuplot is given, what the legend owns up to, and that a
// picture comes of it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <zlib.h>

#include <wengert/figures/axis_ticks.h>
#include <wengert/figures/colour_scale.h>
#include <wengert/figures/figure.h>
#include <wengert/figures/gnuplot_script.h>
#include <wengert/figures/heat_map_cells.h>
#include <wengert/figures/run_program.h>
#include <wengert/graph/error.h>

#include "../catch.h"
#include "../folder.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using wg::detail::cells_of;
using Scale = wg::HeatMap::Scale;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

bool gnuplot_is_missing() {
  if (wg::detail::run_program({"gnuplot", "--version"}, ".").found) return false;
  WARN("skipped: gnuplot is not installed");
  return true;
}

wg::Figure figure_of(wg::HeatMap map) {
  return {.panels = {{.title = "credit",
                      .x = {.label = "t / steps", .whole = true},
                      .y = {.label = "s / steps", .whole = true},
                      .map = std::move(map)}}};
}

/// Lower triangle 1, 1e-3, 1e-300 by lag, nothing above it.
wg::HeatMap credit() {
  return {.rows = 3,
          .columns = 3,
          .values = {1, NAN, NAN, 1e-3, 1, NAN, 1e-300, 1e-3, 1},
          .label = "|dL/dh| / nats",
          .scale = Scale::logarithmic};
}

wg::HeatMap map_of(std::size_t rows, std::size_t columns, std::vector<double> values,
                   Scale scale = Scale::linear) {
  return {.rows = rows, .columns = columns, .values = std::move(values), .scale = scale};
}

std::string script_of(const wg::Figure& figure) {
  return wg::detail::drawing_of(figure, "a.csv", "a.svg").script;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
  return found;
}

std::array<double, 3> rgb(std::string_view colour) {
  std::array<double, 3> parts{};
  for (std::size_t i = 0; i < 3; ++i)
    parts.at(i) = std::stoi(std::string(colour.substr(1 + 2 * i, 2)), nullptr, 16) / 255.0;
  return parts;
}

/// CIELAB of an sRGB colour under D65 (IEC 61966-2-1).
std::array<double, 3> lab(std::string_view colour) {
  std::array<double, 3> linear = rgb(colour);
  for (double& part : linear)
    part = part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4);
  const auto [r, g, b] = linear;
  const auto root = [](double t) {
    return t > 216.0 / 24389 ? std::cbrt(t) : (24389.0 / 27 * t + 16) / 116;
  };
  const double x = root((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const double y = root(0.2126729 * r + 0.7151522 * g + 0.0721750 * b);
  const double z = root((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

/// The difference of two colours, CIE94 for graphic arts with the mean chroma.
double difference(std::string_view first, std::string_view second) {
  const auto a = lab(first), b = lab(second);
  const double chroma_a = std::hypot(a[1], a[2]), chroma_b = std::hypot(b[1], b[2]);
  const double mean = 0.5 * (chroma_a + chroma_b), by_chroma = chroma_b - chroma_a;
  const double squared = std::pow(b[1] - a[1], 2) + std::pow(b[2] - a[2], 2);
  const double by_hue = std::max(squared - by_chroma * by_chroma, 0.0);
  return std::sqrt(std::pow(b[0] - a[0], 2) + std::pow(by_chroma / (1 + 0.045 * mean), 2) +
                   by_hue / std::pow(1 + 0.015 * mean, 2));
}

/// The first pixel of a picture's image: no PNG filter changes it.
std::array<int, 3> first_pixel(const std::string& svg) {
  const std::string start = "data:image/png;base64,";
  std::size_t at = svg.find(start);
  REQUIRE(at != std::string::npos);
  at += start.size();
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string png;
  unsigned bits = 0, have = 0;
  for (; svg[at] != '\'' && svg[at] != '"' && svg[at] != '='; ++at) {
    const std::size_t digit = digits.find(svg[at]);
    if (digit == std::string::npos) continue;  // a line's end
    bits = bits << 6U | static_cast<unsigned>(digit);
    if ((have += 6) >= 8) png += static_cast<char>(bits >> (have -= 8) & 0xFFU);
  }
  const std::size_t data = png.find("IDAT") + 4;
  std::array<Bytef, 4> line{};
  z_stream stream{};
  REQUIRE(inflateInit(&stream) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(png.data() + data);
  stream.avail_in = static_cast<uInt>(png.size() - data);
  stream.next_out = line.data();
  stream.avail_out = static_cast<uInt>(line.size());
  inflate(&stream, Z_SYNC_FLUSH);
  inflateEnd(&stream);
  return {line[1], line[2], line[3]};
}

bool near(const std::array<int, 3>& pixel, std::string_view colour) {
  const std::array<double, 3> parts = rgb(colour);
  for (std::size_t i = 0; i < 3; ++i)
    if (std::abs(pixel.at(i) - 255 * parts.at(i)) > 4) return false;
  return true;
}

}  // namespace

TEST_CASE("a heat map leaves its values row by row in the table", "[figure]") {
  wg::HeatMap map = credit();
  map.first_x = 10;
  map.step_x = 5;
  const auto drawing = wg::detail::drawing_of(figure_of(map), "a.csv", "a.svg");
  CHECK(to_csv(drawing.table) ==
        "s / steps,|dL/dh| / nats at t / steps = 10,|dL/dh| / nats at t / steps = 15,"
        "|dL/dh| / nats at t / steps = 20\n0,1,nan,nan\n1,0.001,1,nan\n2,1e-300,0.001,1\n");
}

TEST_CASE("gnuplot is given a heat map's logarithms and never the small numbers", "[figure]") {
  const std::string script = script_of(figure_of(credit()));
  CHECK(script.find("e-300") == std::string::npos);
  CHECK_THAT(script, ContainsSubstring("\n-300,-300,") && ContainsSubstring(",-3,") &&
                         ContainsSubstring(",NaN\n") && ContainsSubstring("set cbrange [-300:0]"));
  CHECK_THAT(script, ContainsSubstring("'10⁻²⁰⁰' -200") && ContainsSubstring("'10⁰' 0"));
  CHECK_THAT(script, ContainsSubstring("set cblabel '|dL/dh| / nats'"));
}

TEST_CASE("exponents that no double could be raised from are drawn", "[figure]") {
  const auto cells = cells_of(map_of(1, 3, {-5000, -1, -inf}, Scale::exponents), 8);
  CHECK(cells.low == -5000);
  CHECK(cells.high == -1);
  CHECK(cells.blanks == "zero");
  CHECK(cells.ticks.front() == wg::detail::NamedTick(-5000, "10⁻⁵⁰⁰⁰"));
}

TEST_CASE("the legend says why cells are blank", "[figure]") {
  const auto blanks = [](std::vector<double> values, Scale scale) {
    return cells_of(map_of(1, values.size(), values, scale), 8).blanks;
  };
  CHECK(blanks({1, 2}, Scale::logarithmic).empty());
  CHECK(blanks({1, -2, 0}, Scale::linear).empty());
  CHECK(blanks({1, NAN}, Scale::linear) == "no value");
  CHECK(blanks({1, 0}, Scale::logarithmic) == "not positive");
  CHECK(blanks({1, inf, NAN, -1}, Scale::logarithmic) == "no value or not positive or infinite");
  CHECK_THAT(script_of(figure_of(credit())), ContainsSubstring("title 'no value'"));
}

TEST_CASE("values beyond given ends have the end's colour and the colour bar says so", "[figure]") {
  wg::HeatMap map = credit();
  map.low = 1e-8;
  map.high = 0.1;
  const auto cells = cells_of(map, 8);
  CHECK(*std::min_element(cells.values.begin(), cells.values.end(),
                          [](double a, double b) { return a < b || std::isnan(b); }) == -8);
  CHECK(cells.ticks.front() == wg::detail::NamedTick(-8, "≤ 10⁻⁸"));
  CHECK(cells.ticks.back() == wg::detail::NamedTick(-1, "≥ 10⁻¹"));
  map.low = 1e-300;
  map.high = 1;
  CHECK(cells_of(map, 8).ticks.back().second == "10⁰");
}

TEST_CASE("panels whose ends are equal share a scale whatever they hold", "[figure]") {
  wg::HeatMap first = credit(), second = map_of(1, 2, {1e-5, 1e-4}, Scale::logarithmic);
  for (wg::HeatMap* map : {&first, &second}) {
    map->low = 1e-12;
    map->high = 10;
  }
  CHECK(cells_of(first, 8).low == cells_of(second, 8).low);
  CHECK(cells_of(first, 8).high == cells_of(second, 8).high);
}

TEST_CASE("one end of the colours beyond all values leaves a scale with a length", "[figure]") {
  wg::HeatMap map = map_of(1, 2, {1, 2});
  map.low = 5;
  auto cells = cells_of(map, 8);
  CHECK(cells.low == 5);
  CHECK(cells.high > 5);
  map.low = {};
  map.high = -5;
  cells = cells_of(map, 8);
  CHECK(cells.high == -5);
  CHECK(cells.low < -5);
}

TEST_CASE("a large heat map is drawn by its blocks' largest value or median, and says so",
          "[figure]") {
  wg::HeatMap map = map_of(4, 4,
                           {1, 1e-2, NAN, NAN,     //
                            1e-4, 1e-6, NAN, NAN,  //
                            1e-1, 1e-3, 0, 1e-9,   //
                            1e-5, NAN, -1, NAN},
                           Scale::logarithmic);
  const auto largest = cells_of(map, 2);
  CHECK(largest.values[0] == 0);
  CHECK(std::isnan(largest.values[1]));
  CHECK(largest.values[2] == -1);
  CHECK(largest.values[3] == -9);
  CHECK(largest.note == "each cell: the largest of 2 x 2 values");
  map.blocks = wg::HeatMap::Blocks::median;
  const auto median = cells_of(map, 2);
  CHECK(median.values[0] == -3);  // between 1e-2 and 1e-4 in the logarithm
  CHECK(median.values[2] == -3);
  CHECK(median.note == "each cell: the median of 2 x 2 values");
  CHECK(cells_of(map, 4).note.empty());
  CHECK(cells_of(map_of(1, 5, {1, 2, 3, 4, 5}), 2).values == std::vector<double>{2, 5});
}

TEST_CASE("cells lie where their values are, whatever their number", "[figure]") {
  wg::HeatMap map = map_of(1, 960, std::vector<double>(960, 1.0));
  map.values[0] = 2;
  map.first_x = 1;
  const std::string script = script_of(figure_of(map));
  // 480 cells from 0.5 to 960.5.
  CHECK_THAT(script, ContainsSubstring("set xrange [0.5:960.5]") &&
                         ContainsSubstring("using (1.5+$1*2):("));
}

TEST_CASE("a heat map that is none is refused", "[figure]") {
  const auto complaint = [](auto spoil) -> std::string {
    wg::Figure figure = figure_of(credit());
    spoil(figure.panels[0]);
    try {
      script_of(figure);
    } catch (const wg::ValueError& error) {
      return error.what();
    }
    return "none";
  };
  using P = wg::Panel;
  CHECK(complaint([](P& p) { p.map->values.pop_back(); }) ==
        "write_figure: heat map 'credit': rows x columns values: 3 x 3 and 8");
  CHECK_THAT(complaint([](P& p) { p.map = wg::HeatMap{}; }), ContainsSubstring("0 x 0"));
  CHECK_THAT(complaint([](P& p) { p.series = {{.x = {1}, .y = {1}}}; }),
             ContainsSubstring("a panel of their own"));
  CHECK_THAT(complaint([](P& p) { p.marks = {{.at = 1}}; }), ContainsSubstring("of their own"));
  CHECK_THAT(complaint([](P& p) { p.y.log = true; }), ContainsSubstring("axes are linear"));
  CHECK_THAT(complaint([](P& p) { p.map->step_y = -1; }), ContainsSubstring("positive: -1"));
  CHECK_THAT(complaint([](P& p) { p.map->step_x = inf; }), ContainsSubstring("positive: inf"));
  CHECK_THAT(complaint([](P& p) { p.map->first_x = NAN; }), ContainsSubstring("nan"));
  CHECK_THAT(complaint([](P& p) { p.map->low = 0; }), ContainsSubstring("positive: 0"));
  CHECK_THAT(complaint([](P& p) { p.map->high = NAN; }), ContainsSubstring("is a number: nan"));
  CHECK_THAT(complaint([](P& p) { p.map->low = p.map->high = 1; }),
             ContainsSubstring("low is below high: 1 and 1"));
  CHECK(complaint([](P&) {}) == "none");
}

TEST_CASE("a colour bar has three to twelve ticks within it", "[figure]") {
  for (const double low : {-5000.0, -320.0, -12.5, -3.0, 0.0, 7.3})
    for (const double length : {0.1, 0.5, 1.0, 2.4, 2.6, 8.0, 12.0, 300.0, 4800.0}) {
      const auto powers = wg::detail::exponent_named_ticks(low, low + length);
      const auto plain = wg::detail::linear_named_ticks(low, low + length);
      for (const auto& ticks : {powers, plain}) {
        CAPTURE(low, length, ticks);
        CHECK(ticks.size() >= 3);
        CHECK(ticks.size() <= 12);
        CHECK(std::is_sorted(ticks.begin(), ticks.end()));
        CHECK(ticks.front().first >= low - 1e-9);
        CHECK(ticks.back().first <= low + length + 1e-9);
      }
    }
}

TEST_CASE("neighbouring colours of the scale differ equally and only grow lighter", "[figure]") {
  const auto& scale = wg::detail::colour_scale;
  double least = inf, most = 0;
  for (std::size_t i = 1; i < scale.size(); ++i) {
    CHECK(lab(scale.at(i))[0] - lab(scale.at(i - 1))[0] > 2.5);
    const double step = difference(scale.at(i - 1), scale.at(i));
    least = std::min(least, step);
    most = std::max(most, step);
  }
  CHECK(most < 1.1 * least);
}

TEST_CASE("no colour of the scale is taken for a cell without a value", "[figure]") {
  for (const std::string_view colour : wg::detail::colour_scale)
    for (const std::string_view blank : {wg::detail::blank_cell.light, wg::detail::blank_cell.dark})
      CHECK(difference(colour, blank) > 15);
}

TEST_CASE("gnuplot draws a heat map with its colour bar, its labels and its legend", "[figure]") {
  if (gnuplot_is_missing()) return;
  const AwkwardFolder folder;
  const std::string svg = wg::write_figure(figure_of(credit()), folder.path("map.svg"));
  CHECK(count(svg, "data:image/png;base64,") == 1);
  CHECK_THAT(svg, ContainsSubstring(">10⁻²⁰⁰<") && ContainsSubstring(">no value<") &&
                      ContainsSubstring(">|dL/dh| / nats<") && ContainsSubstring(">s / steps<"));
  CHECK_THAT(svg, ContainsSubstring("image-rendering:pixelated"));
  CHECK_THAT(svg, ContainsSubstring("|dL/dh| / nats as colours"));
  CHECK(svg.find("no finite values") == std::string::npos);
  CHECK(folder.files() == 3);
}

TEST_CASE("the first row of a heat map is at the top or at the bottom as asked", "[figure]") {
  if (gnuplot_is_missing()) return;
  const Folder folder;
  wg::HeatMap map = map_of(2, 1, {0, 1});
  const auto& scale = wg::detail::colour_scale;
  CHECK(near(first_pixel(wg::write_figure(figure_of(map), folder.path("a.svg"))), scale.front()));
  map.first_row_on_top = false;
  CHECK(near(first_pixel(wg::write_figure(figure_of(map), folder.path("b.svg"))), scale.back()));
}

TEST_CASE("a heat map of any odd kind is drawn", "[figure]") {
  if (gnuplot_is_missing()) return;
  const Folder folder;
  const auto drawn = [&](const wg::HeatMap& map) {
    return wg::write_figure(figure_of(map), folder.path("odd.svg"));
  };
  for (const Scale scale : {Scale::linear, Scale::logarithmic, Scale::exponents}) {
    CHECK_THAT(drawn(map_of(1, 1, {1}, scale)), ContainsSubstring("<image"));
    CHECK_THAT(drawn(map_of(1, 3, {1, 1, 1}, scale)), ContainsSubstring("<image"));
    CHECK_THAT(drawn(map_of(3, 1, {1, NAN, 2}, scale)), ContainsSubstring("<image"));
    CHECK_THAT(drawn(map_of(2, 2, {NAN, 1, 2, NAN}, scale)), ContainsSubstring("<image"));
    CHECK_THAT(drawn(map_of(1, 2, {NAN, NAN}, scale)), ContainsSubstring("no finite values"));
  }
  CHECK_THAT(drawn(map_of(1, 2, {-1e308, 1e308})), ContainsSubstring("<image"));
  CHECK_THAT(drawn(map_of(1, 2, {0, 0})), ContainsSubstring("<image"));
  CHECK_THAT(drawn(map_of(1, 2, {1e9, 1e9 + 1})), ContainsSubstring("<image"));
  CHECK_THAT(drawn(map_of(1, 2, {5e-324, 1e308}, Scale::logarithmic)), ContainsSubstring("<image"));
}

TEST_CASE("pictures of heat maps stay below a megabyte however large these are", "[figure]") {
  if (gnuplot_is_missing()) return;
  const Folder folder;
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  wg::HeatMap map{.rows = 600, .columns = 600};
  for (std::size_t i = 0; i < 600 * 600; ++i) map.values.push_back(uniform(random));
  wg::Figure figure = figure_of(map);
  const std::string one = wg::write_figure(figure, folder.path("one.svg"));
  CHECK(one.size() < 1000000);
  CHECK_THAT(one, ContainsSubstring("each cell: the largest of 1.2 x 1.2 values"));
  for (std::size_t i = 1; i < 4; ++i) figure.panels.push_back(figure.panels[0]);
  const std::string four = wg::write_figure(figure, folder.path("four.svg"));
  CHECK(count(four, "<image") == 4);
  CHECK(four.size() < 1000000);
}

TEST_CASE("heat maps and lines stand side by side in one figure", "[figure]") {
  if (gnuplot_is_missing()) return;
  const Folder folder;
  wg::Figure figure = figure_of(credit());
  figure.panels.push_back({.title = "decay",
                           .x = {.label = "lag / steps"},
                           .y = {.label = "ratio", .log = true},
                           .series = {{.name = "R", .x = {0, 1, 2}, .y = {1, 0.1, 0.01}}}});
  figure.panels.push_back(figure.panels[0]);
  figure.share_y = true;  // of the lines: maps have their own rows
  const std::string svg = wg::write_figure(figure, folder.path("mixed.svg"));
  CHECK(count(svg, "<image") == 2);
  CHECK(count(svg, ">no value<") == 2);
  CHECK_THAT(svg, ContainsSubstring(">decay<") && ContainsSubstring("stroke=\"#0072b2\""));
  // Lines first: the maps may have thousands of columns.
  CHECK(
      text_of(folder.path("mixed.csv"))
          .starts_with("decay: lag / steps,decay: R,credit: s / steps,credit: |dL/dh| / nats at"));
}
