// SPDX-License-Identifier: MIT
// A folder for a test's files, gone at its end, and what the files hold.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "catch.h"

class Folder {
 public:
  /// `stem` begins its name.
  explicit Folder(const std::string& stem = "wengert") {
    std::string name = (std::filesystem::temp_directory_path() / (stem + "-XXXXXX")).string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string operator/(const std::string& name) const { return path(name); }
  /// Writes a file of these bytes and returns its path.
  std::string file(const std::string& name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path(name);
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

/// What a file holds. Throws if it cannot be read, in programs without Catch2 too.
inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

/// One with a name that would upset a careless shell.
class AwkwardFolder : public Folder {
 public:
  AwkwardFolder() : Folder("wengert's \"train\" $(x)") {}
};
