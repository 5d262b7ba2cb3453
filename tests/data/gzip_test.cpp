// SPDX-License-Identifier: MIT
// gzip'd files, whole and broken, as every reader sees them.
#include <string>

#include <wengert/data/byte_source.h>

#include "files.h"

using Catch::Matchers::ContainsSubstring;
using wengert::data::ByteSource;

namespace {

std::string all_of(ByteSource source) {
  std::string text(1 << 20, '\0');
  text.resize(source.read(text));
  source.require_end();
  return text;
}
std::string all_of(const std::string& path) { return all_of(ByteSource::file("reader", path)); }

/// Text that deflate cannot do much about.
std::string noise(std::size_t size) {
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < size) {
    state = state * 1664525u + 1013904223u;
    text += static_cast<char>(state >> 24);
  }
  return text;
}

}  // namespace

TEST_CASE("a file gives the same bytes plain and gzip'd", "[data][gzip]") {
  const Folder folder;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{65536}, std::size_t{300000}}) {
    CAPTURE(size);
    const std::string text = noise(size);
    CHECK(all_of(folder.file("plain", text)) == text);
    CHECK(all_of(zipped(folder, "packed", text)) == text);
    CHECK(all_of(ByteSource::memory("reader", as_bytes(text_of(folder / "packed")))) == text);
  }
}

TEST_CASE("gzip members one after the other are one file", "[data][gzip]") {
  const Folder folder;
  const std::string first = text_of(zipped(folder, "a", "one ")),
                    second = text_of(zipped(folder, "b", "two"));
  CHECK(all_of(folder.file("both", first + second)) == "one two");
}

TEST_CASE("a gzip file cut short anywhere is a FileError that says so", "[data][gzip]") {
  const Folder folder;
  const std::string whole = text_of(zipped(folder, "whole", noise(70000)));
  for (const std::size_t size : {std::size_t{2}, std::size_t{9}, std::size_t{10}, whole.size() / 2,
                                 whole.size() - 9, whole.size() - 8, whole.size() - 1}) {
    CAPTURE(size);
    const std::string path = folder.file("cut", whole.substr(0, size));
    CHECK_THAT(message_of([&] { all_of(path); }),
               ContainsSubstring("reader: '" + path + "' ends in the middle of its gzip data"));
  }
}

TEST_CASE("a changed byte of a gzip file is a FileError or, being padding, changes nothing",
          "[data][gzip]") {
  const Folder folder;
  const std::string text = noise(500) + std::string(500, 'x') + noise(100);
  const std::string whole = text_of(zipped(folder, "whole", text));
  std::size_t found = 0, wrong = 0;
  for (std::size_t at = 10; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    const ByteSource source = ByteSource::memory("reader", as_bytes(damaged));
    std::string read = text;
    found += message_of([&] { read = all_of(source); }) != "no FileError";
    wrong += read != text;
  }
  CHECK(wrong == 0);
  CHECK(found + 2 > whole.size() - 10);
}

TEST_CASE("bytes behind gzip data are a FileError", "[data][gzip]") {
  const Folder folder;
  const std::string whole = text_of(zipped(folder, "whole", "text"));
  CHECK_THAT(message_of([&] { all_of(folder.file("more", whole + "more of it")); }),
             ContainsSubstring("has other bytes behind its gzip data"));
}

TEST_CASE("what is not there, a folder and a device are FileErrors that name it", "[data][gzip]") {
  const Folder folder;
  CHECK_THAT(message_of([] { all_of(std::string("/nowhere/x")); }),
             ContainsSubstring("reader: '/nowhere/x' cannot be opened: No such file"));
  CHECK_THAT(message_of([&] { all_of(folder.path().string()); }), ContainsSubstring("is a folder"));
  CHECK_THAT(message_of([] { all_of(std::string("/dev/zero")); }),
             ContainsSubstring("is no regular file"));
}

TEST_CASE("a CRC-32 is that of the uncompressed bytes", "[data][gzip]") {
  const Folder folder;
  ByteSource source = ByteSource::file("reader", zipped(folder, "x", "123456789"));
  source.start_sum();
  std::string text(9, '\0');
  source.fill(text);
  CHECK(source.sum() == 0xcbf43926);  // the check value of the CRC-32 of ISO 3309
}
