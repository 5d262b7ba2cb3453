// SPDX-License-Identifier: MIT
#include "csv.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include "../graph/error.h"
#include "csv_rows.h"

namespace wengert::data {
namespace {

constexpr std::size_t no_text = std::numeric_limits<std::size_t>::max();

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> number(std::string_view text) {
  // fast_float knows no plus sign.
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = fast_float::from_chars(text.data(), end, value);
  if (error == std::errc::invalid_argument || stop != end) return {};
  return value;
}

/// Long text in a message helps nobody.
std::string shown(std::string_view cell) {
  constexpr std::size_t most = 40;
  return cell.size() <= most ? std::string(cell) : fmt::format("{}...", cell.substr(0, most));
}

class TableReader {
 public:
  TableReader(ByteSource source, const CsvOptions& options)
      : options_(options), rows_(std::move(source), options.separator, options.comment) {}

  Table read() {
    std::vector<std::string> cells;
    if (!rows_.next(cells)) rows_.fail("is empty");
    first_line_ = rows_.line();
    name_columns(cells);
    if (!options_.header) row(cells);
    while (rows_.next(cells)) row(cells);
    const std::size_t count = result_.columns.size();
    const std::size_t rows = count != 0              ? values_.size() / count
                             : !result_.text.empty() ? result_.text[0].cells.size()
                                                     : 0;
    result_.values = Tensor::from<double>(values_, {rows, count});
    return std::move(result_);
  }

 private:
  void name_columns(const std::vector<std::string>& first) {
    std::set<std::string> wanted(options_.text.begin(), options_.text.end());
    std::map<std::string, std::size_t> seen;
    for (std::size_t column = 0; column < first.size(); ++column) {
      const std::string name =
          options_.header ? std::string(trimmed(first[column])) : fmt::format("{}", column);
      const auto [before, added] = seen.emplace(name, column);
      if (!added)
        rows_.fail_at(first_line_, fmt::format("columns {} and {} are both called '{}'",
                                               before->second + 1, column + 1, shown(name)));
      names_.push_back(name);
      text_of_.push_back(wanted.erase(name) != 0 ? result_.text.size() : no_text);
      if (text_of_.back() == no_text) result_.columns.push_back(name);
      else result_.text.push_back({name, {}});
    }
    if (!wanted.empty())
      throw ValueError(
          fmt::format("read_csv: there is no column '{}' to keep as text; there are {}",
                      *wanted.begin(), fmt::join(names_, ", ")));
  }

  void row(std::vector<std::string>& cells) {
    if (cells.size() != names_.size())
      rows_.fail_at(rows_.line(), fmt::format("{} columns instead of {} as in line {}",
                                              cells.size(), names_.size(), first_line_));
    for (std::size_t column = 0; column < cells.size(); ++column) {
      if (text_of_[column] != no_text)
        result_.text[text_of_[column]].cells.push_back(std::move(cells[column]));
      else values_.push_back(value(column, trimmed(cells[column])));
    }
  }

  double value(std::size_t column, std::string_view cell) const {
    // Most cells are numbers: they are not compared with the words.
    const std::optional<double> found = number(cell);
    if (found && std::isfinite(*found)) return *found;
    const auto& words = options_.missing_words;
    if (std::find(words.begin(), words.end(), cell) != words.end()) {
      if (options_.missing == Missing::nan) return std::numeric_limits<double>::quiet_NaN();
      fail(column,
           fmt::format(
               "'{}' is no number but a missing value; .missing = Missing::nan takes it as NaN",
               cell));
    }
    if (!found)
      fail(column, fmt::format("'{}' is no number; .text = {{\"{}\"}} keeps the column as text",
                               shown(cell), names_[column]));
    const bool written = cell.find_first_of("iInN") != std::string_view::npos;
    if (!written) fail(column, fmt::format("'{}' is beyond the range of float64", shown(cell)));
    if (std::isinf(*found) && options_.infinite) return *found;
    fail(column, fmt::format("'{}' is not finite", shown(cell)));
  }

  [[noreturn]] void fail(std::size_t column, std::string_view why) const {
    rows_.fail_at(rows_.line(), options_.header ? fmt::format("column {} ('{}'): {}", column + 1,
                                                              shown(names_[column]), why)
                                                : fmt::format("column {}: {}", column + 1, why));
  }

  const CsvOptions& options_;
  CsvRows rows_;
  std::size_t first_line_ = 1;
  std::vector<std::string> names_;
  std::vector<std::size_t> text_of_;  ///< for each column its place in `text`
  std::vector<double> values_;
  Table result_;
};

Table read(ByteSource source, const CsvOptions& options) {
  const char separator = options.separator;
  if (separator == '"' || separator == '\n' || separator == '\r' || separator == '\0' ||
      separator == options.comment)
    throw ValueError("read_csv: the separator is a quote, a line's end, 0 or the comment's sign");
  return TableReader(std::move(source), options).read();
}

std::size_t place_of(const Table& table, std::string_view name) {
  const auto found = std::find(table.columns.begin(), table.columns.end(), name);
  if (found == table.columns.end())
    throw ValueError(fmt::format("table: there is no column of numbers '{}'; there are {}", name,
                                 fmt::join(table.columns, ", ")));
  return static_cast<std::size_t>(found - table.columns.begin());
}

}  // namespace

Table read_csv(const std::string& path, const CsvOptions& options) {
  return read(ByteSource::file("read_csv", path), options);
}
Table read_csv(std::span<const std::byte> bytes, const CsvOptions& options) {
  return read(ByteSource::memory("read_csv", bytes), options);
}

Tensor Table::column(std::string_view name) const {
  return select({std::string(name)}).reshape({values.shape()[0]});
}

Tensor Table::select(const std::vector<std::string>& names) const {
  std::vector<std::size_t> places;
  for (const std::string& name : names) places.push_back(place_of(*this, name));
  const std::size_t rows = values.shape()[0];
  Tensor result = Tensor::empty({rows, places.size()}, values.dtype());
  dispatch(values.dtype(), [&]<class T>(T) {
    const std::span<const T> in = values.data<T>();
    auto out = result.mutable_data<T>().begin();
    for (std::size_t row = 0; row < rows; ++row)
      for (const std::size_t place : places) *out++ = in[row * columns.size() + place];
  });
  return result;
}

const std::vector<std::string>& Table::text_column(std::string_view name) const {
  std::vector<std::string> names;
  for (const TextColumn& column : text) {
    if (column.name == name) return column.cells;
    names.push_back(column.name);
  }
  throw ValueError(fmt::format("table: there is no column of text '{}'; there are {}", name,
                               names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

Categories categories(const std::vector<std::string>& cells) {
  std::map<std::string_view, std::int64_t> places;
  for (const std::string& cell : cells) places.emplace(cell, 0);
  Categories result;
  for (auto& [name, place] : places) {
    place = static_cast<std::int64_t>(result.names.size());
    result.names.emplace_back(name);
  }
  std::vector<std::int64_t> found;
  for (const std::string& cell : cells) found.push_back(places.at(cell));
  result.labels = labels(found);
  return result;
}

}  // namespace wengert::data
