// SPDX-License-Identifier: MIT
#include "figure.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "../graph/error.h"
#include "gnuplot_script.h"
#include "run_program.h"
#include "svg_theme.h"

namespace wengert {
namespace {

namespace fs = std::filesystem;

struct Names {
  fs::path folder;
  std::string stem;
  std::string file(const char* extension) const { return (folder / (stem + extension)).string(); }
};

Names names_of(const std::string& path) {
  const fs::path whole = path;
  if (whole.extension() != ".svg")
    throw ValueError(fmt::format("write_figure: the path ends in \".svg\": '{}'", path));
  const std::string stem = whole.stem().string();
  if (std::any_of(stem.begin(), stem.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 32; }))
    throw ValueError(
        "write_figure: the file name has no control characters, or gnuplot could not "
        "be told of it");
  return {whole.has_parent_path() ? whole.parent_path() : fs::path("."), stem};
}

/// What identifiers in the picture start with: letters and digits of the file name.
std::string identifier(const std::string& stem) {
  std::string name = "f";
  for (const char c : stem) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string description_of(const Figure& figure) {
  std::string text = figure.title;
  for (const Panel& panel : figure.panels)
    text += fmt::format("{}{}{}{}{} against {}", text.empty() ? "" : "; ", panel.title,
                        panel.title.empty() ? "" : ": ",
                        panel.map ? fmt::format("{} as colours, ", panel.map->label) : "",
                        panel.y.label, panel.x.label);
  return text;
}

}  // namespace

std::string write_figure(const Figure& figure, const std::string& path) {
  const Names names = names_of(path);
  const detail::Drawing drawing =
      detail::drawing_of(figure, names.stem + ".csv", names.stem + ".svg");
  detail::replace_file("write_figure", names.file(".csv"), to_csv(drawing.table));
  detail::replace_file("write_figure", names.file(".gp"), drawing.script);

  const std::string svg_path = names.file(".svg");
  std::error_code ignored;
  fs::remove(svg_path, ignored);  // an old picture must not pass for the new one
  const detail::ProgramResult gnuplot = detail::run_program(
      {"gnuplot", "--default-settings", fmt::format("./{}.gp", names.stem)}, names.folder.string());
  if (!gnuplot.found)
    throw FileError(
        fmt::format("write_figure: gnuplot is not on PATH, so there is no '{}'; the "
                    "numbers (.csv) and the script (.gp) are there: install gnuplot "
                    "(Debian: gnuplot-nox) and run the script in its folder",
                    svg_path));
  const std::string drawn = text_of(svg_path);
  if (gnuplot.status > 0 || !drawn.ends_with("</svg>\n\n"))
    throw FileError(fmt::format("write_figure: gnuplot did not draw '{}' (status {}): {}", svg_path,
                                gnuplot.status, gnuplot.output));

  std::string svg = detail::themed(drawn, identifier(names.stem), description_of(figure));
  std::string alone = svg;
  alone.insert(alone.find('>') + 1, fmt::format("\n<style>\n{}</style>", detail::figure_style()));
  detail::replace_file("write_figure", svg_path,
                       fmt::format("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{}", alone));
  return svg;
}

}  // namespace wengert
