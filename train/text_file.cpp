// SPDX-License-Identifier: MIT
#include "text_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "../graph/error.h"

namespace wengert::detail {
namespace {

/// A file beside the one to be replaced; gone at the end unless it was renamed.
class Draft {
 public:
  Draft(std::string_view op, const std::string& path)
      : op_(op), path_(path), draft_(fmt::format("{}.{}.part", path, getpid())) {
    // Left by a process of the same number that was killed.
    unlink(draft_.c_str());
    file_ = open(draft_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file_ < 0) fail("cannot write");
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (file_ >= 0) close(file_);
    if (!draft_.empty()) unlink(draft_.c_str());
  }

  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(file_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("cannot write");
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void put_in_place() {
    if (fsync(file_) != 0 && errno != EINVAL) fail("cannot write");
    const int file = std::exchange(file_, -1);
    if (close(file) != 0) fail("cannot write");
    if (std::rename(draft_.c_str(), path_.c_str()) != 0) fail("cannot replace");
    draft_.clear();
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    const std::string reason = std::generic_category().message(errno);
    throw FileError(fmt::format("{}: {} '{}': {}; is its folder there, and yours to write to?", op_,
                                what, path_, reason));
  }
  std::string op_;
  std::string path_;
  std::string draft_;
  int file_ = -1;
};

std::string quoted(const std::string& name) {
  if (name.find_first_of(",\"\r\n") == std::string::npos) return name;
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + '"';
}

}  // namespace

void replace_file(std::string_view op, const std::string& path, std::string_view text) {
  Draft draft(op, path);
  draft.write(text);
  draft.put_in_place();
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
