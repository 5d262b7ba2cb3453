// SPDX-License-Identifier: MIT
#include "path_pattern.h"

#include <cstddef>

namespace wengert {

bool path_matches(std::string_view pattern, std::string_view path) {
  // What follows the last star is tried at every later place; earlier stars need no second look,
  // because the shortest text for them leaves most to the rest.
  std::size_t p = 0, at = 0;
  std::size_t star = std::string_view::npos, retry = 0;
  while (at < path.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      retry = at;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == path[at])) {
      ++p;
      ++at;
    } else if (star != std::string_view::npos) {
      p = star;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace wengert
