// SPDX-License-Identifier: MIT
// A text as chunks of sequences for a net that reads it character by character. Not part of the
// library.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>
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
  /// Bits a character of every testing chunk, by how often each character followed the `context`
  /// characters before it in the training part, and once more: 0 takes frequencies alone.
  std::vector<double> bits_by_counts(std::size_t context) const {
    std::map<std::string, std::vector<double>> counts;
    std::vector<double> result;
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      double bits = 0;
      for (std::size_t lane = 0; lane < lanes; ++lane)
        for (std::size_t t = chunk * steps + 1; t <= (chunk + 1) * steps; ++t) {
          const std::size_t at = lane * (text.size() / lanes) + t;
          auto& next = counts.try_emplace(text.substr(at - context, context), alphabet.size(), 1.0)
                           .first->second;
          double& own = next[alphabet.find(text[at])];
          if (chunk < training) ++own;
          else bits -= std::log2(own / std::accumulate(next.begin(), next.end(), 0.0));
        }
      if (chunk >= training) result.push_back(bits / double(lanes * steps));
    }
    return result;
  }

  /// The first sequences of a chunk, batches first.
  wengert::data::Dataset sequences(std::size_t chunk, std::size_t count) const {
    const auto few = [&](const wengert::Tensor& x) {
      return wengert::transpose(wengert::slice(x, 1, 0, std::int64_t(count)), 0, 1).value();
    };
    return {few(inputs(chunk)), few(targets(chunk))};
  }

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

/// The number of one of n characters, drawn with the probabilities softmax(logits / temperature),
/// logits [1, n].
inline std::size_t drawn_from(const wengert::Var& logits, double temperature, wengert::Rng& rng) {
  const wengert::Tensor p = wengert::softmax(logits / temperature).value();
  std::size_t drawn = 0;
  for (double left = rng.uniform() - p.data<float>()[0]; left > 0 && drawn + 1 < p.size();)
    left -= p.data<float>()[++drawn];
  return drawn;
}
