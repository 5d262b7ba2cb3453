// SPDX-License-Identifier: MIT
// What a training shows of itself, on a terminal and in a file.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <wengert/train/progress.h>

#include "../catch.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using wg::detail::ProgressLine;
using Display = wg::Progress::Display;

namespace {

/// What `use` writes to a file.
template <class F>
std::string written(F&& use) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* file = open_memstream(&text, &size);
  use(file);
  std::fclose(file);
  std::string result(text, size);
  std::free(text);
  return result;
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string epochs(std::size_t total, Display display) {
  return written([&](std::FILE* out) {
    wg::Progress progress("fit", total, display, out);
    for (std::size_t epoch = 1; epoch <= total; ++epoch) {
      progress.step(1, 2, 50, "loss 1");
      progress.step(2, 2, 50, "loss 1");
      progress.show(epoch, "loss 0.5");
    }
  });
}

const ProgressLine whole{.title = "autoencoder",
                         .done = 3,
                         .total = 20,
                         .step = 5,
                         .steps = 10,
                         .text = "loss 0.1234  validation 0.1200",
                         .samples_per_second = 12345,
                         .seconds_left = 83.2};

}  // namespace

TEST_CASE("a line with room says everything", "[progress]") {
  CHECK(wg::detail::to_string(whole, 120) ==
        "autoencoder  [====                    ]  3/20  loss 0.1234  validation 0.1200  "
        "12k samples/s  84 s left");
}

TEST_CASE("a line is never wider than the terminal and keeps the loss longest", "[progress]") {
  for (std::size_t width = 10; width < 130; ++width) {
    CAPTURE(width);
    CHECK(wg::detail::to_string(whole, width).size() <= width + 2);  // an ellipsis is three bytes
  }
  CHECK_THAT(wg::detail::to_string(whole, 78), !ContainsSubstring("samples/s") &&
                                                   ContainsSubstring("[") &&
                                                   ContainsSubstring("84 s left"));
  CHECK_THAT(wg::detail::to_string(whole, 65),
             !ContainsSubstring("[") && ContainsSubstring("loss 0.1234"));
  CHECK(wg::detail::to_string(whole, 20) == "autoencoder  3/20  …");
}

TEST_CASE("characters are counted, not bytes", "[progress]") {
  const ProgressLine line{.title = "Größe", .done = 1, .total = 2, .text = "äöüäöüäöü"};
  CHECK(wg::detail::to_string(line, 16) == "Größe  1/2  äöü…");
}

TEST_CASE("durations are in the unit in which they are read", "[progress]") {
  const auto left = [](double seconds) {
    return wg::detail::to_string({.done = 1, .total = 2, .seconds_left = seconds});
  };
  CHECK(left(0.2) == "1/2  1 s left");
  CHECK(left(125) == "1/2  2:05 min left");
  CHECK(left(7260) == "1/2  2:01 h left");
  CHECK(left(-1) == "1/2");
}

TEST_CASE("a file gets a line for each of few epochs, of many the first, the last and about ten",
          "[progress]") {
  for (const std::size_t few : {1, 7, 12, 20}) CHECK(lines_in(epochs(few, Display::plain)) == few);
  const std::string many = epochs(200, Display::plain);
  CHECK(lines_in(many) == 11);
  CHECK_THAT(many, ContainsSubstring("fit  1/200") && ContainsSubstring("fit  200/200"));
  CHECK_THAT(epochs(200, Display::automatic), !ContainsSubstring("\r"));  // a file is no terminal
  CHECK_THAT(epochs(7, Display::plain), ContainsSubstring("fit  7/7  loss 0.5"));
}

TEST_CASE("a live line is drawn over itself and ends with one line end", "[progress]") {
  setenv("COLUMNS", "50", 1);
  const std::string text = epochs(30, Display::live);
  unsetenv("COLUMNS");
  CHECK(std::count(text.begin(), text.end(), '\r') >= 30);
  CHECK(lines_in(text) == 1);
  std::size_t start = 0;
  while ((start = text.find('\r', start)) != std::string::npos) {
    const std::size_t end = text.find("\x1b[K", start);
    REQUIRE(end != std::string::npos);
    CHECK(end - start - 1 < 50);
    start = end;
  }
}

TEST_CASE("nothing is shown on request", "[progress]") {
  CHECK(epochs(30, Display::nothing).empty());
}

TEST_CASE("a training that stops early shows where it ended", "[progress]") {
  const std::string text = written([](std::FILE* out) {
    wg::Progress progress("fit", 1000, Display::plain, out);
    for (std::size_t epoch = 1; epoch <= 137; ++epoch) progress.show(epoch, "loss 0.5");
  });
  CHECK(lines_in(text) == 3);
  CHECK_THAT(text, ContainsSubstring("fit  137/1000"));
}

TEST_CASE("the time left of a resumed training is that of what it does itself", "[progress]") {
  const std::string text = written([](std::FILE* out) {
    wg::Progress progress("fit", 1000000, Display::plain, out);
    progress.begin_at(999000);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    progress.show(999001, "");  // 999 more of at least 20 ms each; one of 999001 took nothing
  });
  CHECK_THAT(text, !ContainsSubstring("  1 s left"));
}

TEST_CASE("a total of nothing divides by nothing", "[progress]") {
  CHECK(written([](std::FILE* out) {
          wg::Progress progress("fit", 0, Display::plain, out);
          progress.show(0, "loss 0.5");
        }) == "fit  0/0  loss 0.5\n");
}
