// SPDX-License-Identifier: MIT
#include "progress.h"

#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace wengert {

Progress::Progress(std::string_view title, std::size_t total)
    : title_(title),
      total_(total),
      live_(isatty(fileno(stdout)) != 0),
      start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (live_) std::fputc('\n', stdout);
}

void Progress::show(std::size_t done, std::string_view text) {
  constexpr std::size_t width = 24;
  // In a file ten lines say enough.
  if (!live_ && done != total_ && (done * 10) / total_ == ((done - 1) * 10) / total_) return;
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
  const double left =
      spent.count() * static_cast<double>(total_ - done) / static_cast<double>(done);
  const std::size_t filled = done * width / total_;
  const std::string line = fmt::format("{} [{:=<{}}{:{}}] {}/{}  {}  {:.0f} s left", title_, "",
                                       filled, "", width - filled, done, total_, text, left);
  std::fputs(live_ ? fmt::format("\r{:<100}", line).c_str() : (line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace wengert
