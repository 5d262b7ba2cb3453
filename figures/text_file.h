// SPDX-License-Identifier: MIT
// Text that is written in one piece: a reader sees the old file or the new one, never a half.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wengert::detail {

/// Writes beside `path` and renames. Errors: FileError naming `op`, the path and the system's
/// reason; the old file is then still there and nothing is left beside it.
void replace_file(std::string_view op, const std::string& path, std::string_view text);

/// Columns of numbers. A cell may be absent.
struct Table {
  struct Column {
    std::string name;
    std::vector<std::optional<double>> cells;
  };
  std::vector<Column> columns;
};

/// CSV as RFC 4180 has it, with the names as its first line; numbers in the fewest digits that
/// give them back. An absent cell is empty; columns may differ in length.
std::string to_csv(const Table& table);

}  // namespace wengert::detail
