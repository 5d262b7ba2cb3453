// SPDX-License-Identifier: MIT
// Shows how far a training is: one live line on a terminal, plain lines where the output is a file.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace wengert {

class Progress {
 public:
  /// `total` is the number of epochs (or steps) to come.
  Progress(std::string_view title, std::size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` of the total are over; `text` says what is worth knowing ("loss 0.12").
  void show(std::size_t done, std::string_view text);

 private:
  std::string title_;
  std::size_t total_;
  bool live_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace wengert
