// SPDX-License-Identifier: MIT
#include "page.h"

#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "../graph/error.h"
#include "markup.h"
#include "report_style.h"
#include "svg_theme.h"
#include "text_file.h"

namespace wengert::detail {

namespace fs = std::filesystem;

std::string section(const std::string& title, const std::string& body) {
  if (body.empty()) return {};
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", escaped(title), body);
}

Page::Page(std::string what, const std::string& path) : what_(std::move(what)), path_(path) {
  if (path_.filename().empty()) throw FileError(fmt::format("{}: '{}' names no file", what_, path));
  folder_ = path_.parent_path() / fmt::format("{}_files", path_.stem().string());
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error)
    throw FileError(fmt::format("{}: cannot make the folder '{}': {}", what_, folder_.string(),
                                error.message()));
}

std::string Page::figure(const Figure& figure, const std::string& name,
                         const std::string& caption) {
  if (figure.panels.empty()) return {};
  std::string picture;
  try {
    picture = write_figure(figure, file(name + ".svg"));
  } catch (const FileError& error) {
    picture = fmt::format("<p class=\"finding fault\">No picture: {}</p>\n", escaped(error.what()));
  }
  return fmt::format(
      "<figure>\n{}<figcaption>{} Numbers and script: {}.csv, {}.gp in "
      "{}.</figcaption>\n</figure>\n",
      picture, escaped(caption), name, name, escaped(folder_.filename().string()));
}

void Page::write(const std::string& title, const std::string& body) const {
  replace_file(
      what_.c_str(), path_.string(),
      fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  // The page can load nothing, whatever a name in it may try.
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'; img-src data:\">\n"
                  "<title>{}</title>\n<style>{}{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
                  escaped(title), report_style, figure_style(), body));
}

}  // namespace wengert::detail
