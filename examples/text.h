// SPDX-License-Identifier: MIT
// A text as chunks of sequences for a net that reads it character by character. Not part of the
// library.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <wengert/wengert.h>

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw wengert::FileError("text_of: cannot read '" + path.string() + "'");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The manuals of this library, from the source tree that the program was built from, or one that
/// the current folder lies in. Errors: FileError if there is none.
inline std::string manuals() {
  namespace fs = std::filesystem;
  std::vector<fs::path> paths;
  fs::path root = fs::path(__FILE__).parent_path().parent_path();
  if (!fs::exists(root / "docs" / "design.md"))
    for (root = fs::current_path(); !fs::exists(root / "docs" / "design.md");
         root = root.parent_path())
      if (root == root.parent_path())
        throw wengert::FileError("the manuals (docs/*.md) are not here; give a text by its path");
  for (const auto& entry : std::filesystem::directory_iterator(root / "docs"))
    if (entry.path().extension() == ".md") paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::string text;
  for (const auto& path : paths) text += text_of(path);
  return text;
}

/// Equal pieces of a text side by side, `lanes` of them, taken in chunks of `steps` characters; the
/// last tenth of every piece is for testing.
struct Lanes {
  std::string text;
  std::size_t lanes, steps;
  std::string alphabet = {};  ///< its characters, each once
  std::size_t chunks = 0, training = 0;

  /// Errors: ValueError if the text is too short for 10 chunks.
  Lanes(std::string given, std::size_t lanes_, std::size_t steps_)
      : text(std::move(given)), lanes(lanes_), steps(steps_), alphabet(text) {
    std::ranges::sort(alphabet);
    alphabet.erase(std::unique(alphabet.begin(), alphabet.end()), alphabet.end());
    chunks = text.size() / lanes / steps;
    if (chunks > 0) --chunks;  // the last target has to be there too
    if (chunks < 10)
      throw wengert::ValueError("Lanes: a text of " + std::to_string(text.size()) +
                                " characters is too short for 10 chunks in every lane");
    training = chunks * 9 / 10;
  }
  /// One of the alphabet at every step, [steps, lanes, characters].
  wengert::Tensor inputs(std::size_t chunk) const {
    return wengert::one_hot(numbers(chunk * steps), alphabet.size()).value();
  }
  /// The number of the next one, i64 [steps, lanes].
  wengert::Tensor targets(std::size_t chunk) const { return numbers(chunk * steps + 1); }

 private:
  wengert::Tensor numbers(std::size_t begin) const {
    std::vector<std::int64_t> result;
    for (std::size_t t = begin; t < begin + steps; ++t)
      for (std::size_t lane = 0; lane < lanes; ++lane)
        result.push_back(
            static_cast<std::int64_t>(alphabet.find(text[lane * (text.size() / lanes) + t])));
    return wengert::labels(result).reshape({steps, lanes});
  }
};
