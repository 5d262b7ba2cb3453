// SPDX-License-Identifier: MIT
// IDX files: every type and rank, and files that are not what they claim to be.
#include <string>

#include <wengert/data/idx.h>
#include <wengert/graph/pool.h>

#include "files.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using wg::data::read_idx;
using wg::data::read_idx_labels;

namespace {

std::string idx(char type, const std::vector<std::uint32_t>& extents, const std::string& values) {
  std::string bytes{'\0', '\0', type, static_cast<char>(extents.size())};
  for (const std::uint32_t extent : extents) bytes += big_endian(extent);
  return bytes + values;
}

std::string message(const std::string& bytes) {
  return message_of([&] { read_idx(as_bytes(bytes)); });
}
std::string label_message(const std::string& bytes, std::int64_t classes) {
  return message_of([&] { read_idx_labels(as_bytes(bytes), classes); });
}

}  // namespace

TEST_CASE("IDX bytes become f32 as they are", "[data][idx]") {
  const wg::Tensor x =
      read_idx(as_bytes(idx(8, {2, 3}, {'\0', '\1', '\x7f', '\x80', '\xff', '\2'})));
  REQUIRE(x.dtype() == wg::f32);
  REQUIRE(x.shape() == wg::Shape{2, 3});
  CHECK(std::vector<float>(x.data<float>().begin(), x.data<float>().end()) ==
        std::vector<float>{0, 1, 127, 128, 255, 2});
}

TEST_CASE("IDX numbers are big-endian and keep their value", "[data][idx]") {
  const wg::Tensor i8 = read_idx(as_bytes(idx(9, {2}, "\xff\x7f")));
  CHECK((i8.dtype() == wg::f32 && i8.at({0}) == -1 && i8.at({1}) == 127));
  const wg::Tensor i16 = read_idx(as_bytes(idx(11, {1}, "\x81\x02")));
  CHECK((i16.dtype() == wg::f32 && i16.at({0}) == -32510));
  const wg::Tensor i32 = read_idx(as_bytes(idx(12, {1}, "\x7f\xff\xff\xff")));
  CHECK((i32.dtype() == wg::i64 && i32.data<std::int64_t>()[0] == 2147483647));
  const wg::Tensor single = read_idx(as_bytes(idx(13, {1}, std::string("\xc0\x20\0\0", 4))));
  CHECK((single.dtype() == wg::f32 && single.at({0}) == -2.5));
  const wg::Tensor wide =
      read_idx(as_bytes(idx(14, {1}, std::string("\x3f\xb9\x99\x99\x99\x99\x99\x9a"))));
  CHECK((wide.dtype() == wg::f64 && wide.at({0}) == 0.1));
}

TEST_CASE("IDX files of one to four axes keep their shape, and may hold nothing", "[data][idx]") {
  const std::string eight(8, '\5');
  CHECK(read_idx(as_bytes(idx(8, {8}, eight))).shape() == wg::Shape{8});
  CHECK(read_idx(as_bytes(idx(8, {2, 2, 2}, eight))).shape() == wg::Shape{2, 2, 2});
  CHECK(read_idx(as_bytes(idx(8, {2, 2, 1, 2}, eight))).shape() == wg::Shape{2, 2, 1, 2});
  CHECK(read_idx(as_bytes(idx(8, {0, 28}, ""))).shape() == wg::Shape{0, 28});
}

TEST_CASE("an IDX file is read from disk, gzip'd or not", "[data][idx]") {
  const Folder folder;
  const std::string bytes = idx(8, {3}, "abc");
  CHECK(read_idx(folder.file("x", bytes)).at({2}) == 'c');
  CHECK(read_idx(zipped(folder, "x.gz", bytes)).at({2}) == 'c');
  CHECK_THAT(message_of([] { read_idx("/nowhere/x"); }),
             ContainsSubstring("read_idx: '/nowhere/x'"));
}

TEST_CASE("another beginning is no IDX file", "[data][idx]") {
  CHECK_THAT(message(""), ContainsSubstring("ends early"));
  CHECK_THAT(message("P5 28 28"), ContainsSubstring("is no IDX file: it begins with 50 35 20 32"));
  CHECK_THAT(message(idx(10, {1}, "a")), ContainsSubstring("is no IDX file"));
  CHECK_THAT(message(idx(8, {}, "a")), ContainsSubstring("is no IDX file"));
  CHECK_THAT(message(idx(8, std::vector<std::uint32_t>(9, 1), "a")),
             ContainsSubstring("is no IDX file"));
  CHECK_THAT(message(idx(8, {1}, "a").substr(0, 6)), ContainsSubstring("ends early"));
}

TEST_CASE("an IDX header that claims more than there is takes no memory", "[data][idx]") {
  const Folder folder;
  wg::reset_peak_memory();
  const std::int64_t before = wg::memory_use().peak;
  constexpr std::uint32_t huge = 1u << 30;
  CHECK_THAT(message(idx(8, {4}, "abc")),
             ContainsSubstring("claims more than it can hold: u8 [4]"));
  CHECK_THAT(message(idx(14, {huge, huge}, "abc")),
             ContainsSubstring("claims more than it can hold"));
  CHECK_THAT(message(idx(14, {huge, huge, huge}, "abc")),
             ContainsSubstring("claims more than any file"));
  CHECK_THAT(message(idx(14, {huge, huge, 0, huge}, "abc")),
             ContainsSubstring("bytes behind its end"));
  // In a gzip'd file what it holds shows later, but it has bounds.
  const std::string path = zipped(folder, "bomb.gz", idx(8, {huge, 2}, std::string(100000, '\0')));
  CHECK_THAT(message_of([&] { read_idx(path); }),
             ContainsSubstring("claims more than it can hold"));
  CHECK(wg::memory_use().peak - before < 1024);
}

TEST_CASE("a gzip'd IDX file that holds less or more than it claims is a FileError",
          "[data][idx]") {
  const Folder folder;
  const auto of = [&](std::uint32_t extent) {
    const std::string path = zipped(folder, "x.gz", idx(8, {extent}, std::string(5000, '\7')));
    return message_of([&] { read_idx(path); });
  };
  CHECK_THAT(of(5001), ContainsSubstring("ends early, after 5008 bytes"));
  CHECK_THAT(of(4999), ContainsSubstring("has bytes behind its end, the first after 5007"));
  CHECK(of(5000) == "no FileError");
}

TEST_CASE("IDX labels are class numbers in i64", "[data][idx]") {
  const wg::Tensor labels = read_idx_labels(as_bytes(idx(8, {3}, {'\0', '\11', '\4'})), 10);
  REQUIRE(labels.dtype() == wg::i64);
  CHECK(labels.data<std::int64_t>()[1] == 9);
}

TEST_CASE("an IDX label outside the classes is named with its place", "[data][idx]") {
  CHECK_THAT(label_message(idx(8, {3}, "\1\2\12"), 10),
             ContainsSubstring("holds label 10 at 2, outside [0, 10)"));
  CHECK_THAT(label_message(idx(9, {1}, "\xff"), 10), ContainsSubstring("holds label -1 at 0"));
  CHECK_THAT(label_message(idx(8, {1, 1}, "\1"), 10),
             ContainsSubstring("labels are whole numbers along one axis"));
  CHECK_THAT(label_message(idx(13, {1}, std::string(4, '\0')), 10),
             ContainsSubstring("labels are whole numbers"));
}
