// SPDX-License-Identifier: MIT
#include "text_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "../data/file_replacement.h"

namespace wengert::detail {
namespace {

std::string quoted(const std::string& name) {
  if (name.find_first_of(",\"\r\n") == std::string::npos) return name;
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + '"';
}

}  // namespace

void replace_file(std::string_view op, const std::string& path, std::string_view text) {
  FileReplacement file(op, path);
  file.write(text);
  file.put_in_place();
}

std::string to_csv(const Table& table) {
  std::string text;
  std::size_t rows = 0;
  for (const Table::Column& column : table.columns) {
    text += (&column == &table.columns.front() ? "" : ",") + quoted(column.name);
    rows = std::max(rows, column.cells.size());
  }
  text += '\n';
  for (std::size_t row = 0; row < rows; ++row) {
    for (const Table::Column& column : table.columns) {
      if (&column != &table.columns.front()) text += ',';
      if (row < column.cells.size() && column.cells[row])
        text += fmt::format("{}", *column.cells[row]);
    }
    text += '\n';
  }
  return text;
}

}  // namespace wengert::detail
