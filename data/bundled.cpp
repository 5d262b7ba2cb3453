// SPDX-License-Identifier: MIT
#include "bundled.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::data {

std::string bundled(const std::string& reader, const std::string& file) {
  namespace fs = std::filesystem;
  const char* chosen = std::getenv("WENGERT_DATA");
  const bool is_chosen = chosen && *chosen;
  // The source tree that the library was built from may be gone since.
  const fs::path first = fs::path(is_chosen ? chosen : WENGERT_DATA_DIR) / file;
  const fs::path second = is_chosen ? first : fs::path(WENGERT_INSTALLED_DATA_DIR) / file;
  std::error_code ignored;
  for (const fs::path& path : {first, second})
    if (fs::exists(path, ignored)) return path.string();
  throw FileError(
      fmt::format("{}: there is no '{}'; the environment variable WENGERT_DATA names the "
                  "folder of the bundled data sets",
                  reader, second.string()));
}

}  // namespace wengert::data
