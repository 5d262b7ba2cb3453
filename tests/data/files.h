// SPDX-License-Identifier: MIT
// Files for the tests of readers and writers: good, bad and gzip'd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include <unistd.h>
#include <zlib.h>

#include <wengert/graph/error.h>

#include "../catch.h"
#include "../folder.h"

/// Writes a gzip'd file into the folder and returns its path.
inline std::string zipped(const Folder& folder, const std::string& name, std::string_view text) {
  const std::string path = folder.path(name);
  const gzFile out = gzopen(path.c_str(), "wb");
  gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  gzclose(out);
  return path;
}

/// An environment variable as given (null: not set), and as it was before afterwards.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* set = std::getenv(name)) {
      was_set_ = true;
      before_ = set;
    }
    set_to(value);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { set_to(was_set_ ? before_.c_str() : nullptr); }

 private:
  void set_to(const char* value) const {
    if (value) setenv(name_, value, 1);
    else unsetenv(name_);
  }
  const char* name_;
  bool was_set_ = false;
  std::string before_;
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// What the FileError of `f` says.
template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const wengert::FileError& error) {
    return error.what();
  }
  return "no FileError";
}

/// A big-endian number, as IDX has them.
inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

/// The folder of real data sets that are not part of the source tree: from the environment
/// variable, else beside it. Empty, with a warning, if neither is there.
inline std::string given(const char* variable, const std::string& name) {
  namespace fs = std::filesystem;
  if (const char* path = std::getenv(variable)) return path;
  const fs::path top = WENGERT_SOURCE_DIR;
  for (const fs::path& beside :
       {top.parent_path() / "shared", top.parent_path().parent_path() / "shared"})
    if (fs::exists(beside / "data" / name)) return (beside / "data" / name).string();
  WARN("SKIPPED: no " << name << "; " << variable << " says where it is");
  return {};
}
