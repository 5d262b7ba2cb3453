// SPDX-License-Identifier: MIT
// One HTML page that loads nothing from elsewhere, with its figures in a folder beside it.
#pragma once

#include <filesystem>
#include <string>

#include "figure.h"

namespace wengert::detail {

/// A heading and what belongs under it; nothing if there is nothing.
std::string section(const std::string& title, const std::string& body);

class Page {
 public:
  /// Makes the folder `<name>_files` beside the page. `what` begins the messages.
  /// Errors: FileError if the path names no file or the folder cannot be made.
  Page(std::string what, const std::string& path);

  /// Of a file in the folder.
  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  /// The picture, or why there is none; its numbers and script are in the folder. Empty for a
  /// figure without panels.
  std::string figure(const Figure& figure, const std::string& name, const std::string& caption);
  /// Errors: FileError.
  void write(const std::string& title, const std::string& body) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::string what_;
  std::filesystem::path path_;
  std::filesystem::path folder_;
};

}  // namespace wengert::detail
