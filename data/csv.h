// SPDX-License-Identifier: MIT
// Tables in text files, comma- or tab-separated, as RFC 4180 describes them. A column is a column
// of numbers unless the caller names it as text: no cell decides that silently.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../graph/tensor.h"

namespace wengert::data {

enum class Missing {
  error,  ///< a missing cell is a FileError
  nan,    ///< it becomes NaN
};

struct CsvOptions {
  char separator = ',';  ///< '\t' for TSV
  bool header = true;    ///< the first row names the columns; without: "0", "1", ...
  char comment = '\0';   ///< lines that begin with it are skipped; '\0': there are none
  Missing missing = Missing::error;
  /// What stands for a missing number.
  std::vector<std::string> missing_words = {"", "NA", "N/A", "NaN", "nan", "null"};
  bool infinite = false;               ///< takes "inf" and "-inf" instead of refusing them
  std::vector<std::string> text = {};  ///< columns that are kept as text: dates, categories
};

struct TextColumn {
  std::string name;
  std::vector<std::string> cells;
};

struct Table {
  std::vector<std::string> columns;  ///< names of the columns of numbers, as in the file
  Tensor values;                     ///< f64 [rows, columns]
  std::vector<TextColumn> text = {};

  /// One column of numbers, [rows]. Errors: ValueError naming the columns there are.
  Tensor column(std::string_view name) const;
  /// Several side by side, [rows, names]. Errors: as above.
  Tensor select(const std::vector<std::string>& names) const;
  /// Errors: as above.
  const std::vector<std::string>& text_column(std::string_view name) const;
};

/// A file, gzip'd or not, in UTF-8. Cells may be quoted and then hold separators, doubled quotes
/// and ends of lines; lines end as on Unix or Windows; empty lines at the end are ignored. Numbers
/// have a decimal point whatever the locale, and are rounded correctly. Errors: FileError naming
/// the file, and line and column where there is one: no such file, damaged gzip data, a row of
/// another length than the first, a cell that is no number, missing or not finite, a quote that
/// does not end, two columns of one name, another encoding, a cell beyond 1 MiB; ValueError if a
/// column of `text` does not exist or the separator is none.
Table read_csv(const std::string& path, const CsvOptions& options = {});
Table read_csv(std::span<const std::byte> bytes, const CsvOptions& options = {});

/// With a header, the columns of text first; numbers with the digits that give them back exactly,
/// NaN as an empty cell. Replaces the file in one step. Errors: FileError if it cannot be written;
/// ShapeError if `values` is not [rows, columns] or a column of text has another length; ValueError
/// for what would not be read back: two columns of one name, a name with blanks at its ends, text
/// that is no UTF-8.
void write_csv(const std::string& path, const Table& table, char separator = ',');

/// The distinct words in alphabetical order, and each cell's place among them as a label.
struct Categories {
  Tensor labels;  ///< i64 [cells]
  std::vector<std::string> names;
};
Categories categories(const std::vector<std::string>& cells);

}  // namespace wengert::data
