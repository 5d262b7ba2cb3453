// SPDX-License-Identifier: MIT
// A file that is replaced in one piece: whoever opens it finds the old contents or the new, whole,
// whatever interrupts the writing.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace wengert::detail {

/// Writes beside `path`; `put_in_place` makes it durable and renames it. Without that, nothing has
/// happened to `path`, and nothing is left beside it. A symbolic link stays one: its target is
/// replaced; a file keeps its permissions. Errors of all: FileError naming `op`, the path and the
/// system's reason.
class FileReplacement {
 public:
  FileReplacement(std::string_view op, const std::string& path);
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;
  ~FileReplacement();

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void put_in_place();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::string op_;
  std::string path_;
  std::string draft_;  ///< empty once it is in place
  int file_ = -1;
};

}  // namespace wengert::detail
