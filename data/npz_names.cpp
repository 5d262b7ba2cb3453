// SPDX-License-Identifier: MIT
#include "npz_names.h"

#include <algorithm>

#include <fmt/format.h>

namespace wengert::data {

std::optional<std::string_view> objection_to_name(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.starts_with('/') || (name.size() > 1 && name[1] == ':')) return "is absolute";
  if (name.ends_with('/')) return "names a folder";
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\')
      return "has a control character or a backslash";
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    const std::string_view part = name.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") return "leads through '.', '..' or nothing";
    start = end + 1;
  }
  return {};
}

std::string printable(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code > 0x7e) text += fmt::format("\\x{:02x}", code);
    else text += c;
  }
  return text;
}

}  // namespace wengert::data
