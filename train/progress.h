// SPDX-License-Identifier: MIT
// Shows how far a training is: one live line on a terminal, plain lines where the output is a file.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace wengert {

class Progress {
 public:
  enum class Display {
    automatic,  ///< live on a terminal, plain elsewhere
    live,       ///< one line that is drawn again, as wide as the terminal (COLUMNS, else its size)
    plain,      ///< one line for each of at most 20; of more the first, the last and about ten
    nothing,
  };

  /// `total` is the number of epochs to come (or of steps, or whatever is counted).
  Progress(std::string_view title, std::size_t total, Display display = Display::automatic,
           std::FILE* out = stdout);
  /// Shows where it ended.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// What was over before this one began, say of a training that is resumed: the time left is
  /// reckoned from what is done since.
  void begin_at(double done);
  /// `done` of the total are over; `text` says what is worth knowing ("loss 0.12").
  void show(std::size_t done, std::string_view text);
  /// Within the next one: `step` of `steps` are over, the last of them took `samples` samples, from
  /// which their number a second is shown. Drawn at most ten times a second, and on a live line
  /// only.
  void step(std::size_t step, std::size_t steps, std::size_t samples, std::string_view text);

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(std::size_t width) const;
  void draw();

  std::string title_;
  std::size_t total_;
  Display display_;
  std::FILE* out_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_at_;
  std::string text_;
  std::size_t done_ = 0;
  std::size_t step_ = 0;
  std::size_t steps_ = 0;
  double samples_ = 0;
  double before_ = 0;   ///< over when this one began
  bool any_ = false;    ///< something was drawn
  bool stale_ = false;  ///< what was drawn last is not the latest
};

namespace detail {
struct ProgressLine {
  std::string title = {};
  std::size_t done = 0, total = 0;
  std::size_t step = 0, steps = 0;  ///< 0 steps: not within an epoch
  std::string text = {};
  double samples_per_second = 0;  ///< 0: not known
  double seconds_left = -1;       ///< negative: not known
};
/// One line of at most `width` characters: a bar, the numbers, and the text. Where it is narrow the
/// bar shrinks first, then samples a second go, then the bar, then the end of the text. Without a
/// width there is no bar.
std::string to_string(const ProgressLine& line, std::size_t width = 0);
}  // namespace detail

}  // namespace wengert
