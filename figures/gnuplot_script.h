// SPDX-License-Identifier: MIT
// A Figure as a table of numbers and a gnuplot script that reads it.
#pragma once

#include <string>

#include "figure.h"
#include "text_file.h"

namespace wengert::detail {

struct Drawing {
  Table table;
  std::string script;
};
/// Errors: ValueError if the figure is none (see write_figure).
Drawing drawing_of(const Figure& figure, const std::string& csv_name, const std::string& svg_name);

}  // namespace wengert::detail
