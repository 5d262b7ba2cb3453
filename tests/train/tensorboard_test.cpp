// SPDX-License-Identifier: MIT
// Event files, taken apart by hand. TensorBoard's own reader reads them in tests/tensorboard.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <wengert/graph/error.h>
#include <wengert/train/event_record.h>
#include <wengert/train/tensorboard.h>

#include "../catch.h"
#include "../folder.h"

namespace wg = wengert;
namespace fs = std::filesystem;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Payloads of the records of a file; fails where framing or a sum is wrong.
std::vector<std::string> payloads(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  std::vector<std::string> result;
  for (std::size_t at = 0; at < bytes.size();) {
    std::uint64_t length = 0;
    REQUIRE(at + 12 <= bytes.size());
    std::memcpy(&length, bytes.data() + at, 8);
    REQUIRE(at + 16 + length <= bytes.size());
    result.push_back(bytes.substr(at + 12, length));
    REQUIRE(bytes.substr(at, 16 + length) == wg::detail::event_record(result.back()));
    at += 16 + length;
  }
  return result;
}

/// An event without its time: field 1, a double.
std::string after_time(const std::string& event) {
  REQUIRE(event.size() > 9);
  REQUIRE(event[0] == '\x09');
  double time = 0.0;
  std::memcpy(&time, event.data() + 1, 8);
  CHECK(time > 1.7e9);  // 2023
  return event.substr(9);
}

}  // namespace

TEST_CASE("a logger without protobuf says what is missing", "[tensorboard]") {
  if (wg::have_tensorboard()) return;
  CHECK_THROWS_WITH(wg::TensorBoard("anywhere"), ContainsSubstring("protobuf was not found"));
}

TEST_CASE("an event file opens with its version and holds what was logged", "[tensorboard]") {
  if (!wg::have_tensorboard()) return;
  const Folder folder;
  wg::TensorBoard board(folder / "a/b");
  board.scalar("loss", 0.5, 300);
  board.flush();
  const std::vector<std::string> events = payloads(board.path());
  REQUIRE(events.size() == 2);
  CHECK(after_time(events[0]) ==
        "\x1a\x0d"
        "brain.Event:2");
  // step 300; summary { value { tag "loss", simple_value 0.5 } }
  CHECK(after_time(events[1]) ==
        std::string("\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\0\0\0\x3f", 18));
}

TEST_CASE("a histogram holds its moments and packed buckets", "[tensorboard]") {
  if (!wg::have_tensorboard()) return;
  const Folder folder;
  wg::TensorBoard board(folder / "run");
  board.histogram("w", wg::tensor({2, 2}), 1);
  board.flush();
  const auto number = [](double x) {
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &x, 8);
    return bytes;
  };
  const std::string histogram = "\x09" + number(2) + "\x11" + number(2) + "\x19" + number(2) +
                                "\x21" + number(4) + "\x29" + number(8) + "\x32\x08" + number(2) +
                                "\x3a\x08" + number(2);
  REQUIRE(histogram.size() == 65);
  CHECK(after_time(payloads(board.path()).at(1)) ==
        "\x10\x01\x2a\x48\x0a\x46\x0a\x01w\x2a\x41" + histogram);
}

TEST_CASE("loggers of one folder write files of their own", "[tensorboard]") {
  if (!wg::have_tensorboard()) return;
  const Folder folder;
  wg::TensorBoard first(folder / "run"), second(folder / "run");
  CHECK(first.path() != second.path());
  const std::string path = first.path();
  wg::TensorBoard moved = std::move(first);
  moved.scalar("x", 1.0, 1);
  moved = std::move(second);
  CHECK(payloads(path).size() == 2);
}

TEST_CASE("a tag that is no text is refused and nothing is written", "[tensorboard]") {
  if (!wg::have_tensorboard()) return;
  const Folder folder;
  wg::TensorBoard board(folder / "run");
  CHECK_THROWS_WITH(board.scalar("", 1.0, 1), ContainsSubstring("tag is empty"));
  CHECK_THROWS_WITH(board.scalar("\xff", 1.0, 1), ContainsSubstring("no UTF-8"));
  CHECK_THROWS_AS(board.scalar("gr\xc3", 1.0, 1), wg::ValueError);
  CHECK_THROWS_WITH(board.histogram("w", wg::zeros({0, 3}), 1),
                    ContainsSubstring("'w' has no elements: [0, 3]"));
  CHECK_THROWS_AS(board.image("i", wg::zeros({3}), 1), wg::ShapeError);
  CHECK_NOTHROW(
      board.scalar("gr\xc3\xb6\xc3\x9f"
                   "e",
                   1.0, 1));
  board.flush();
  CHECK(payloads(board.path()).size() == 2);
}

TEST_CASE("a folder that cannot be made or written is named", "[tensorboard]") {
  if (!wg::have_tensorboard()) return;
  const Folder folder;
  std::ofstream(folder / "file") << "text";
  CHECK_THROWS_AS(wg::TensorBoard(folder / "file/run"), wg::FileError);
  CHECK_THROWS_WITH(wg::TensorBoard(folder / "file"), ContainsSubstring("file"));
}
