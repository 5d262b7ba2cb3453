// SPDX-License-Identifier: MIT
#include "progress.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace wengert {
namespace {

bool on_terminal(std::FILE* out) {
  const char* terminal = std::getenv("TERM");
  return isatty(fileno(out)) != 0 && (!terminal || std::string_view(terminal) != "dumb");
}

// A last column is left free: writing to it wraps the line on some terminals.
std::size_t width_of(std::FILE* out) {
  std::size_t columns = 80;
  winsize size{};
  if (const char* set = std::getenv("COLUMNS")) {
    const long value = std::strtol(set, nullptr, 10);
    if (value > 0) columns = static_cast<std::size_t>(value);
  } else if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    columns = size.ws_col;
  }
  return std::max<std::size_t>(columns, 11) - 1;
}

// Characters, not bytes: those that do not continue another (UTF-8).
bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }
std::size_t length(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}
std::string cut(const std::string& text, std::size_t width) {
  if (length(text) <= width) return text;
  std::size_t bytes = 0, count = 0;
  for (; bytes < text.size(); ++bytes)
    if (starts_character(text[bytes]) && ++count == width) break;
  return text.substr(0, bytes) + "…";
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(std::ceil(std::min(seconds, 3.6e7)));
  if (whole < 100) return fmt::format("{} s", whole);
  if (whole < 6000) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

std::string amount(double number) {
  if (number >= 1e6) return fmt::format("{:.1f}M", number / 1e6);
  if (number >= 1e4) return fmt::format("{:.0f}k", number / 1e3);
  if (number >= 1e3) return fmt::format("{:.1f}k", number / 1e3);
  return fmt::format("{:.0f}", number);
}

std::string bar(double share, std::size_t width) {
  const auto filled =
      static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width) + 1e-9);
  return fmt::format("[{:=<{}}{:{}}]  ", "", filled, "", width - filled);
}

}  // namespace

namespace detail {

std::string to_string(const ProgressLine& line, std::size_t width) {
  const double within =
      line.steps == 0 ? 0.0 : static_cast<double>(line.step) / static_cast<double>(line.steps);
  const double share =
      line.total == 0 ? 1.0
                      : (static_cast<double>(line.done) + within) / static_cast<double>(line.total);
  const std::string head = line.title.empty() ? "" : fmt::format("{}  ", line.title);
  const std::string count = fmt::format("{}/{}", line.done, line.total);
  const std::string text = line.text.empty() ? "" : fmt::format("  {}", line.text);
  const std::string speed = line.samples_per_second > 0
                                ? fmt::format("  {} samples/s", amount(line.samples_per_second))
                                : "";
  const std::string left =
      line.seconds_left >= 0 ? fmt::format("  {} left", duration(line.seconds_left)) : "";
  if (width == 0) return fmt::format("{}{}{}{}{}", head, count, text, speed, left);
  constexpr std::size_t widest = 24, narrowest = 6, frame = 4;
  for (const bool with_speed : {true, false}) {
    const std::string rest = fmt::format("{}{}{}{}", count, text, with_speed ? speed : "", left);
    const std::size_t used = length(head) + length(rest) + frame;
    if (used + narrowest <= width)
      return fmt::format("{}{}{}", head, bar(share, std::min(widest, width - used)), rest);
  }
  return cut(fmt::format("{}{}{}{}", head, count, text, left), width);
}

}  // namespace detail

Progress::Progress(std::string_view title, std::size_t total, Display display, std::FILE* out)
    : title_(title), total_(total), display_(display), out_(out) {
  if (display_ == Display::automatic) display_ = on_terminal(out) ? Display::live : Display::plain;
}

Progress::~Progress() {
  if (display_ == Display::nothing) return;
  if (stale_) draw();
  if (display_ == Display::live && any_) std::fputc('\n', out_);
  std::fflush(out_);
}

std::string Progress::line(std::size_t width) const {
  const std::chrono::duration<double> spent = Clock::now() - start_;
  detail::ProgressLine line{.title = title_,
                            .done = done_,
                            .total = total_,
                            .step = step_,
                            .steps = steps_,
                            .text = text_};
  const double within =
      steps_ == 0 ? 0.0 : static_cast<double>(step_) / static_cast<double>(steps_);
  const double over = static_cast<double>(done_) + within;
  if (spent.count() > 0) line.samples_per_second = samples_ / spent.count();
  if (over > before_ && done_ < total_)
    line.seconds_left = spent.count() * (static_cast<double>(total_) - over) / (over - before_);
  return to_string(line, width);
}

void Progress::begin_at(double done) {
  before_ = done;
  done_ = static_cast<std::size_t>(done);
  start_ = Clock::now();
}

void Progress::draw() {
  if (display_ == Display::live)
    std::fputs(fmt::format("\r{}\x1b[K", line(width_of(out_))).c_str(), out_);
  else std::fputs((line(0) + '\n').c_str(), out_);
  std::fflush(out_);
  drawn_at_ = Clock::now();
  any_ = true;
  stale_ = false;
}

void Progress::show(std::size_t done, std::string_view text) {
  const std::size_t before = done_;
  done_ = done;
  step_ = steps_ = 0;
  text_ = text;
  stale_ = true;
  if (display_ == Display::nothing) return;
  // In a file about ten lines say enough, and where there are few epochs they may all have one.
  constexpr std::size_t few = 20;
  const auto tenth = [&](std::size_t count) { return total_ == 0 ? 0 : count * 10 / total_; };
  if (display_ == Display::live || total_ <= few || !any_ || done >= total_ ||
      tenth(done) != tenth(before))
    draw();
}

void Progress::step(std::size_t step, std::size_t steps, std::size_t samples,
                    std::string_view text) {
  step_ = step;
  steps_ = steps;
  samples_ += static_cast<double>(samples);
  if (display_ != Display::live) return;
  text_ = text;
  stale_ = true;
  if (!any_ || Clock::now() - drawn_at_ > std::chrono::milliseconds(100)) draw();
}

}  // namespace wengert
