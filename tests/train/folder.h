// SPDX-License-Identifier: MIT
// A folder for a test's files, with a name that would upset a careless shell; gone at the end.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "../catch.h"

class Folder {
 public:
  Folder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "wengert's \"train\" $(x)-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};
