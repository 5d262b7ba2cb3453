// SPDX-License-Identifier: MIT
#include <cmath>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "../graph/error.h"
#include "csv.h"
#include "csv_rows.h"
#include "file_replacement.h"

namespace wengert::data {
namespace {

void append_text(std::string& out, std::string_view cell, char separator) {
  const bool plain = !cell.empty() && cell.find_first_of("\"\r\n#") == std::string_view::npos &&
                     cell.find(separator) == std::string_view::npos && cell.front() != ' ' &&
                     cell.back() != ' ';
  if (plain) {
    out += cell;
    return;
  }
  out += '"';
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

// What read_csv would refuse, or give back as something else.
void check_names(const std::string& path, const Table& table) {
  std::vector<std::string> names;
  for (const TextColumn& column : table.text) names.push_back(column.name);
  names.insert(names.end(), table.columns.begin(), table.columns.end());
  std::set<std::string_view> known;
  for (const std::string& name : names) {
    const auto fail = [&](std::string_view why) {
      throw ValueError(fmt::format("write_csv: '{}': the column '{}' {}", path, name, why));
    };
    constexpr std::string_view blanks = " \t";
    if (!known.insert(name).second) fail("is there twice");
    if (!name.empty() && (blanks.find(name.front()) != std::string_view::npos ||
                          blanks.find(name.back()) != std::string_view::npos))
      fail("begins or ends with a blank, which is not part of a name in a file");
    if (!is_utf8(name) || name.find('\0') != std::string::npos) fail("has a name that is no UTF-8");
  }
  for (const TextColumn& column : table.text)
    for (const std::string& cell : column.cells)
      if (!is_utf8(cell) || cell.find('\0') != std::string::npos)
        throw ValueError(fmt::format("write_csv: '{}': the column '{}' has a cell that is no UTF-8",
                                     path, column.name));
}

void check(const std::string& path, const Table& table) {
  check_names(path, table);
  if (table.values.rank() != 2 || table.values.shape()[1] != table.columns.size())
    throw ShapeError(fmt::format("write_csv: '{}': values of shape {} for {} columns", path,
                                 to_string(table.values.shape()), table.columns.size()));
  for (const TextColumn& column : table.text)
    if (column.cells.size() != table.values.shape()[0])
      throw ShapeError(
          fmt::format("write_csv: '{}': column '{}' has {} cells and the table {} rows", path,
                      column.name, column.cells.size(), table.values.shape()[0]));
}

}  // namespace

void write_csv(const std::string& path, const Table& table, char separator) {
  check(path, table);
  std::string out;
  const auto end_cell = [&](bool last) { out += last ? '\n' : separator; };
  const std::size_t texts = table.text.size();
  const std::size_t width = texts + table.columns.size();
  for (std::size_t column = 0; column < width; ++column) {
    append_text(out, column < texts ? table.text[column].name : table.columns[column - texts],
                separator);
    end_cell(column + 1 == width);
  }
  dispatch(table.values.dtype(), [&]<class T>(T) {
    auto value = table.values.data<T>().begin();
    for (std::size_t row = 0; row < table.values.shape()[0]; ++row)
      for (std::size_t column = 0; column < width; ++column) {
        if (column < texts) append_text(out, table.text[column].cells[row], separator);
        else if (const T number = *value++; number != number) out += width == 1 ? "\"\"" : "";
        else fmt::format_to(std::back_inserter(out), "{}", number);
        end_cell(column + 1 == width);
      }
  });
  detail::FileReplacement file("write_csv", path);
  file.write(out);
  file.put_in_place();
}

}  // namespace wengert::data
