// SPDX-License-Identifier: MIT
#include "csv_rows.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::data {
namespace {

constexpr std::size_t longest_cell = std::size_t{1} << 20;
constexpr std::size_t most_cells = std::size_t{1} << 20;

}  // namespace

bool is_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i++);
    if (lead < 0x80) continue;
    const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || text.size() - i < more) return false;
    // What the second byte may be keeps out overlong forms, surrogates and what is too large.
    const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (byte(i) < low || byte(i) > high) return false;
    for (std::size_t k = 1; k < more; ++k)
      if (byte(i + k) < 0x80 || byte(i + k) > 0xbf) return false;
    i += more;
  }
  return true;
}

CsvRows::CsvRows(ByteSource source, char separator, char comment)
    : source_(std::move(source)), separator_(separator), comment_(comment) {
  refill();
  const std::string_view start(piece_.data(), filled_);
  if (start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff"))
    fail("is text in UTF-16; save it as UTF-8");
  if (start.starts_with("\xef\xbb\xbf")) at_ = 3;
}

void CsvRows::fail_at(std::size_t line, std::string_view why) const {
  const Origin& origin = source_.origin();
  throw FileError(fmt::format("{}: '{}', line {}: {}", origin.reader, origin.name, line, why));
}

bool CsvRows::next(std::vector<std::string>& cells) {
  if (blanks_ == 0 && waiting_.empty()) {
    Row row = read_row(waiting_);
    for (; row == Row::blank; row = read_row(waiting_))
      if (blanks_++ == 0) row_line_ = waiting_line_;
    if (row == Row::end) return false;
  }
  if (blanks_ > 0) {
    cells.assign(1, {});
    // Only the first of them can be an error, so that its line is the one to know.
    --blanks_;
    return true;
  }
  std::swap(cells, waiting_);
  waiting_.clear();
  row_line_ = waiting_line_;
  return true;
}

bool CsvRows::refill() {
  at_ = 0;
  filled_ = source_.read(piece_);
  if (std::string_view(piece_.data(), filled_).find('\0') != std::string_view::npos)
    fail("is no text: it has bytes that are 0");
  return filled_ > 0;
}

bool CsvRows::accept(char c) {
  if (at_end() || piece_[at_] != c) return false;
  ++at_;
  return true;
}

bool CsvRows::accept_line_end() {
  if (!accept('\n')) return false;
  ++line_;
  return true;
}

void CsvRows::skip_comments() {
  if (comment_ == '\0') return;
  while (accept(comment_)) {
    while (!at_end() && !accept_line_end()) ++at_;
  }
}

CsvRows::Row CsvRows::read_row(std::vector<std::string>& cells) {
  skip_comments();
  if (at_end()) return Row::end;
  waiting_line_ = line_;
  const bool quoted = piece_[at_] == '"';
  std::size_t count = 0;
  do {
    if (count == most_cells)
      fail_at(waiting_line_, fmt::format("more than {} columns", most_cells));
    if (count == cells.size()) cells.emplace_back();
    read_cell(cells[count++]);
  } while (accept(separator_));
  cells.resize(count);
  accept_line_end();
  if (count > 1 || quoted || !cells[0].empty()) return Row::cells;
  cells.clear();
  return Row::blank;
}

void CsvRows::read_cell(std::string& cell) {
  cell.clear();
  const std::size_t began = line_;
  if (accept('"')) read_quoted(cell);
  else read_plain(cell);
  if (!is_utf8(cell)) fail_at(began, "a cell is no UTF-8; save the table as UTF-8");
}

void CsvRows::read_plain(std::string& cell) {
  const std::size_t began = line_;
  bool ended = false;
  while (!ended && !at_end()) {
    std::size_t end = at_;
    while (end < filled_ && piece_[end] != separator_ && piece_[end] != '\n') ++end;
    ended = end < filled_;
    append(cell, end, began);
  }
  // A carriage return belongs to the line's end, here and at the end of the file.
  const bool line_ends = at_end() || piece_[at_] == '\n';
  if (line_ends && cell.ends_with('\r')) cell.pop_back();
  if (cell.find('\r') != std::string::npos)
    fail_at(began,
            "a carriage return without a line feed; lines end as on Unix or Windows, not as on old "
            "Macs, and a cell that holds one is quoted");
}

void CsvRows::read_quoted(std::string& cell) {
  const std::size_t began = line_;
  while (true) {
    while (!accept('"')) {
      if (at_end()) fail_at(began, "a quote does not end");
      std::size_t end = at_;
      while (end < filled_ && piece_[end] != '"') line_ += piece_[end++] == '\n' ? 1 : 0;
      append(cell, end, began);
    }
    if (!accept('"')) break;
    cell += '"';  // two of them stand for one
  }
  accept('\r');
  if (!at_end() && piece_[at_] != separator_ && piece_[at_] != '\n')
    fail_at(line_, "text follows a closing quote; a quote within a cell is written twice");
}

void CsvRows::append(std::string& cell, std::size_t end, std::size_t began) {
  cell.append(&piece_[at_], end - at_);
  at_ = end;
  if (cell.size() > longest_cell)
    fail_at(began, fmt::format("a cell does not end within {} bytes", longest_cell));
}

}  // namespace wengert::data
