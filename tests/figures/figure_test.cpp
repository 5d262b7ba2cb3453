// SPDX-License-Identifier: MIT
// Figures: what is written, that it is what was asked for, and what happens without gnuplot.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <wengert/figures/axis_ticks.h>
#include <wengert/figures/figure.h>
#include <wengert/figures/gnuplot_script.h>
#include <wengert/graph/error.h>

#include "../catch.h"
#include "../folder.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

namespace fs = std::filesystem;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
  return found;
}

wg::Figure curves() {
  return {.title = "two curves",
          .panels = {{.title = "loss",
                      .x = {.label = "epoch", .whole = true},
                      .y = {.label = "loss / nats", .log = true},
                      .series = {{.name = "training", .x = {1, 2, 3}, .y = {1, 0.1, 0.01}},
                                 {.name = "validation", .x = {1, 2, 3}, .y = {1.5, NAN, 0.5}}}}}};
}

/// PATH as given, and as it was before afterwards.
class Path {
 public:
  explicit Path(const std::string& folders) : before_(std::getenv("PATH")) {
    setenv("PATH", folders.c_str(), 1);
  }
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;
  ~Path() { setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

}  // namespace

TEST_CASE("a figure leaves its picture, its numbers and its script", "[figure]") {
  const AwkwardFolder folder;
  const std::string svg = wg::write_figure(curves(), folder.path("a b.svg"));
  CHECK(text_of(folder.path("a b.csv")) ==
        "epoch,training,validation\n1,1,1.5\n2,0.1,nan\n3,0.01,0.5\n");
  CHECK_THAT(text_of(folder.path("a b.gp")), ContainsSubstring("'./a b.csv' skip 1 using 1:3"));
  CHECK_THAT(svg, ContainsSubstring(">loss / nats<") && ContainsSubstring(">validation<"));
  CHECK_THAT(text_of(folder.path("a b.svg")), ContainsSubstring("prefers-color-scheme:dark"));
  CHECK(svg.find("http", svg.find("xlink\"") + 1) == std::string::npos);
  CHECK(std::distance(fs::directory_iterator(folder.path("")), {}) == 3);
}

TEST_CASE("the script draws the same picture again on its own", "[figure]") {
  const AwkwardFolder folder;
  wg::write_figure(curves(), folder.path("again.svg"));
  fs::copy(folder.path("again.svg"), folder.path("first.svg"));
  const fs::path here = fs::current_path();
  fs::current_path(folder.path(""));
  const int status = std::system("gnuplot --default-settings again.gp");
  fs::current_path(here);
  REQUIRE(status == 0);
  CHECK(count(text_of(folder.path("again.svg")), "<g id=\"gnuplot_plot_") == 2);
}

TEST_CASE("a logarithmic axis gives a decade the same length everywhere", "[figure]") {
  const AwkwardFolder folder;
  const std::string svg = wg::write_figure(curves(), folder.path("log.svg"));
  const std::size_t path = svg.find("stroke=\"#0072b2\"  d='M");
  REQUIRE(path != std::string::npos);
  std::string numbers = svg.substr(svg.find(" M", path) + 1, 60) /* after the legend's */;
  for (char& c : numbers)
    if (c == ',' || c == 'M' || c == 'L') c = ' ';
  std::istringstream in(numbers);
  double x[3], y[3];
  for (std::size_t i = 0; i < 3; ++i) REQUIRE(in >> x[i] >> y[i]);
  CHECK(y[1] - y[0] > 30);
  CHECK(std::abs((y[2] - y[1]) - (y[1] - y[0])) < 0.03);
  CHECK(std::abs((x[2] - x[1]) - (x[1] - x[0])) < 0.03);
}

TEST_CASE("a logarithmic axis has three to twelve ticks within it, however narrow it is",
          "[figure]") {
  for (const double low : {1e-9, 0.0123, 0.95, 2.27, 7.0, 310.0})
    for (const double factor : {1.001, 1.02, 1.13, 1.4, 1.9, 3.0, 8.0, 40.0, 1e3, 1e7, 1e11}) {
      const std::vector<double> ticks = wg::detail::log_ticks(low, low * factor);
      CAPTURE(low, factor, ticks);
      CHECK(ticks.size() >= 3);
      CHECK(ticks.size() <= 12);
      CHECK(std::is_sorted(ticks.begin(), ticks.end()));
      CHECK(ticks.front() >= low);
      CHECK(ticks.back() <= low * factor);
    }
}

TEST_CASE("text of any kind is shown as it is and run by nobody", "[figure]") {
  const AwkwardFolder folder;
  wg::Figure figure = curves();
  const std::string hostile =
      "`touch x` $(touch x) '; !touch x\n\" @macro \\n {/=40 a}_b^c <b>&amp;";
  figure.title = hostile;
  figure.panels[0].title = hostile;
  figure.panels[0].x.label = hostile;
  figure.panels[0].series[0].name = hostile;
  figure.panels[0].series[1].name = "bytes \xff\xfe, control \x01, umlaut ü";
  figure.panels[0].marks = {{.at = 0.1, .text = hostile}, {.at = 2, .text = "k", .vertical = true}};
  const std::string svg = wg::write_figure(figure, folder.path("|touch x;$(touch x)';\".svg"));
  CHECK(!fs::exists(folder.path("x")));
  CHECK(!fs::exists("x"));
  CHECK(count(svg, "<b>") == 0);
  CHECK(count(svg,
              "<text>`touch x` $(touch x) '; !touch x \" @macro \\n {/=40 a}_b^c "
              "&lt;b>&amp;amp;</text>") == 5);
  CHECK(count(svg, "umlaut ü") == 1);
  CHECK(svg.find('\xff') == std::string::npos);
  CHECK(svg.find('\x01') == std::string::npos);
}

TEST_CASE("pictures on one page share no identifier", "[figure]") {
  const AwkwardFolder folder;
  const std::string first = wg::write_figure(curves(), folder.path("first.svg"));
  const std::string second = wg::write_figure(curves(), folder.path("second.svg"));
  CHECK(count(first, "id='ffirst-") + count(first, "id=\"ffirst-") ==
        count(first, " id='") + count(first, " id=\""));
  CHECK(count(first, "#gpPt") == 0);
  CHECK(count(second, "ffirst") == 0);
}

TEST_CASE("what cannot be drawn leaves a gap or says so instead of failing", "[figure]") {
  const AwkwardFolder folder;
  const auto drawn = [&](const std::vector<double>& y, bool log) {
    std::vector<double> x(y.size(), 1.0);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
    return wg::write_figure(
        {.panels = {{.y = {.log = log}, .series = {{.name = "s", .x = x, .y = y}}}}},
        folder.path("odd.svg"));
  };
  CHECK_THAT(drawn({}, false), ContainsSubstring("no finite values"));
  CHECK_THAT(drawn({NAN, INFINITY, -INFINITY}, true), ContainsSubstring("no finite values"));
  CHECK_THAT(drawn({-1, -2, 0}, true), ContainsSubstring("#0072b2"));  // then on a linear axis
  CHECK_THAT(drawn({1}, true), ContainsSubstring("#0072b2"));
  CHECK_THAT(drawn({5, 5, 5}, false), ContainsSubstring("#0072b2"));
  CHECK_THAT(drawn({0, 0, 0}, false), ContainsSubstring("#0072b2"));
  CHECK_THAT(drawn({1e-250, 1e250}, true), ContainsSubstring("#0072b2"));
  CHECK_THAT(drawn({1e308, -1e308, 1}, false), ContainsSubstring("#0072b2"));
  CHECK_THAT(drawn({1, NAN, INFINITY, 2, 3}, false), ContainsSubstring("#0072b2"));
}

TEST_CASE("a figure that is none is refused before anything is written", "[figure]") {
  const AwkwardFolder folder;
  const std::string path = folder.path("no.svg");
  CHECK_THROWS_WITH(wg::write_figure({}, path), ContainsSubstring("at least one panel"));
  wg::Figure figure = curves();
  figure.panels[0].series[0].x.pop_back();
  CHECK_THROWS_WITH(wg::write_figure(figure, path),
                    ContainsSubstring("'training': x and y are of equal length: 2 and 3"));
  figure = curves();
  figure.panels[0].series[0].low = {1};
  CHECK_THROWS_AS(wg::write_figure(figure, path), wg::ValueError);
  CHECK_THROWS_WITH(wg::write_figure(curves(), folder.path("no.png")),
                    ContainsSubstring("ends in \".svg\""));
  CHECK_THROWS_AS(wg::write_figure(curves(), folder.path("a\nb.svg")), wg::ValueError);
  CHECK(fs::is_empty(folder.path("")));
}

TEST_CASE("without gnuplot the numbers and the script are there and the message says so",
          "[figure]") {
  const AwkwardFolder folder;
  std::ofstream(folder.path("c.svg")) << "an older picture";
  {
    const Path none(folder.path(""));
    CHECK_THROWS_WITH(wg::write_figure(curves(), folder.path("c.svg")),
                      ContainsSubstring("gnuplot is not on PATH") && ContainsSubstring("c.svg") &&
                          ContainsSubstring("gnuplot-nox"));
  }
  CHECK(fs::exists(folder.path("c.csv")));
  CHECK(fs::exists(folder.path("c.gp")));
  CHECK(!fs::exists(folder.path("c.svg")));
}

TEST_CASE("a gnuplot that fails is quoted", "[figure]") {
  const AwkwardFolder folder;
  const std::string program = folder.path("gnuplot");
  std::ofstream(program) << "#!/bin/sh\necho out of ink >&2\nexit 3\n";
  fs::permissions(program, fs::perms::owner_all);
  const Path fake(folder.path(""));
  CHECK_THROWS_WITH(wg::write_figure(curves(), folder.path("d.svg")),
                    ContainsSubstring("status 3") && ContainsSubstring("out of ink"));
}

TEST_CASE("a figure in a folder that is not there names the path", "[figure]") {
  const AwkwardFolder folder;
  CHECK_THROWS_WITH(wg::write_figure(curves(), folder.path("nowhere/e.svg")),
                    ContainsSubstring("nowhere/e.csv"));
}

TEST_CASE("bars of several series stand side by side, from zero, with their whiskers", "[figure]") {
  using Style = wg::Series::Style;
  const wg::Figure figure{
      .panels = {{.x = {.names = {"W", "b"}},
                  .y = {.label = "share / %"},
                  .series = {{.name = "first", .x = {0, 1}, .y = {50, 20}, .style = Style::bars},
                             {.name = "last",
                              .x = {0, 1},
                              .y = {60, 30},
                              .low = {55, 25},
                              .high = {65, 35},
                              .style = Style::bars}}}}};
  const std::string script = wg::detail::drawing_of(figure, "a.csv", "a.svg").script;
  CHECK_THAT(script, ContainsSubstring("using (column(1)+(-0.2)):2:(0.4) with boxes"));
  CHECK_THAT(script, ContainsSubstring("using (column(1)+(0.2)):3:(0.4) with boxes"));
  CHECK_THAT(script, ContainsSubstring("using (column(1)+(0.2)):4:(0):(column(5)-column(4)) with"));
  CHECK_THAT(script, ContainsSubstring("set yrange [0:68.25]"));
  CHECK_THAT(script, ContainsSubstring("set xrange [-0.48:1.48]"));
  CHECK_THAT(script, ContainsSubstring("'W' 0,'b' 1"));
  const AwkwardFolder folder;
  CHECK_THAT(wg::write_figure(figure, folder.path("bars.svg")),
             ContainsSubstring(">W<") && ContainsSubstring("\"#d55e00\""));
}

TEST_CASE("bars below zero hang from it", "[figure]") {
  const wg::Figure figure{
      .panels = {{.series = {{.x = {0}, .y = {-4}, .style = wg::Series::Style::bars}}}}};
  CHECK_THAT(wg::detail::drawing_of(figure, "a.csv", "a.svg").script,
             ContainsSubstring("set yrange [-4.2:0]"));
}

TEST_CASE("long names of an axis are slanted and of many only some are shown", "[figure]") {
  wg::Figure figure{.panels = {{.series = {{.x = {0}, .y = {4}}}}}};
  figure.panels[0].x.names = std::vector<std::string>(100, "encoder.layer.weight");
  const std::string script = wg::detail::drawing_of(figure, "a.csv", "a.svg").script;
  CHECK_THAT(script, ContainsSubstring("set xtics rotate by 40 right"));
  CHECK(count(script, "encoder.layer.weight") == 25);
}
