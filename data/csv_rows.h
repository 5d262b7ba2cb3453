// SPDX-License-Identifier: MIT
// The rows of a CSV file, one at a time, as text. Internal; what cells mean is left to csv.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "byte_source.h"

namespace wengert::data {

/// Whether these are whole characters in UTF-8: no overlong forms, no surrogates.
bool is_utf8(std::string_view text);

class CsvRows {
 public:
  /// Errors: FileError if the file begins as UTF-16.
  CsvRows(ByteSource source, char separator, char comment);

  /// The cells of the next row; false at the end. Empty lines before another row are rows of one
  /// empty cell, those at the end are none.
  /// Errors: FileError naming the line if a quote does not end or something follows it, a carriage
  /// return stands in a cell without quotes, a cell is no UTF-8 or too long or there are too many,
  /// a byte is 0, or gzip data is damaged.
  bool next(std::vector<std::string>& cells);

  /// The line on which the row last read begins, from 1.
  std::size_t line() const { return row_line_; }
  [[noreturn]] void fail(std::string_view why) const { source_.fail(why); }
  /// "reader: 'file', line 3: why"
  [[noreturn]] void fail_at(std::size_t line, std::string_view why) const;

 private:
  enum class Row { end, blank, cells };

  bool refill();
  bool at_end() { return at_ == filled_ && !refill(); }
  bool accept(char c);
  bool accept_line_end();
  void skip_comments();
  Row read_row(std::vector<std::string>& cells);
  void read_cell(std::string& cell);
  void read_plain(std::string& cell);
  void read_quoted(std::string& cell);
  void append(std::string& cell, std::size_t end, std::size_t began);

  ByteSource source_;
  char separator_;
  char comment_;
  std::vector<char> piece_ = std::vector<char>(1 << 16);
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  std::size_t line_ = 1;
  std::size_t row_line_ = 0;
  std::size_t blanks_ = 0;  ///< empty lines to be given before `waiting_`
  std::size_t waiting_line_ = 0;
  std::vector<std::string> waiting_;
};

}  // namespace wengert::data
