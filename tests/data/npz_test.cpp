// SPDX-License-Identifier: MIT
// .npz files: those NumPy wrote, those we write, and archives with bad names, sizes or content.
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <wengert/data/npy.h>
#include <wengert/data/npz.h>
#include <wengert/graph/pool.h>

#include "../same_bits.h"
#include "files.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using wg::data::read_npz;
using wg::data::write_npz;
using Tensors = std::map<std::string, wg::Tensor>;

namespace {

std::string golden(const std::string& name) {
  return std::string(WENGERT_SOURCE_DIR) + "/tests/golden/numpy/" + name;
}

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i, value >>= 8) text += static_cast<char>(value & 0xff);
  return text;
}

std::uint32_t crc(const std::string& bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// What an archive says of one entry; by default the truth about a stored one.
struct Entry {
  std::string name;
  std::string content;
  std::uint16_t method = 0;
  std::uint32_t claimed = static_cast<std::uint32_t>(content.size());
  std::uint32_t sum = crc(content);
  std::uint16_t flags = 0;
};

/// A zip archive by hand, since libraries do not write bad ones.
std::string zip(const std::vector<Entry>& entries) {
  std::string files, directory;
  for (const Entry& entry : entries) {
    const std::string shared =
        little_endian(20, 2) + little_endian(entry.flags, 2) + little_endian(entry.method, 2) +
        little_endian(0, 2) + little_endian(33, 2) + little_endian(entry.sum, 4) +
        little_endian(entry.content.size(), 4) + little_endian(entry.claimed, 4) +
        little_endian(entry.name.size(), 2) + little_endian(0, 2);
    directory += "PK\1\2" + little_endian(20, 2) + shared + little_endian(0, 10) +
                 little_endian(files.size(), 4) + entry.name;
    files += "PK\3\4" + shared + entry.name + entry.content;
  }
  return files + directory + "PK\5\6" + little_endian(0, 4) + little_endian(entries.size(), 2) +
         little_endian(entries.size(), 2) + little_endian(directory.size(), 4) +
         little_endian(files.size(), 4) + little_endian(0, 2);
}

std::string message(const std::string& bytes) {
  return message_of([&] { read_npz(as_bytes(bytes)); });
}

const std::string array = text_of(golden("f4_2x3.npy"));

/// Raw deflate.
std::string deflated(const std::string& bytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  std::string copy = bytes;
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace

TEST_CASE("archives of numpy.savez and savez_compressed are read by name", "[data][npz]") {
  for (const char* name : {"stored.npz", "deflated.npz"}) {
    CAPTURE(name);
    const Tensors arrays = read_npz(golden(name));
    REQUIRE(arrays.size() == 3);
    CHECK(same_bits(arrays.at("x"), wg::data::read_npy(golden("f4_2x3.npy"))));
    CHECK(same_bits(arrays.at("group/y"), wg::data::read_npy(golden("i8_2x1x2.npy"))));
    CHECK(same_bits(arrays.at("gr\u00f6\u00dfe"), wg::data::read_npy(golden("f8_4.npy"))));
  }
  CHECK(read_npz(golden("none.npz")).empty());
}

TEST_CASE("what write_npz writes is read back to the last bit, and always the same",
          "[data][npz]") {
  const Folder folder;
  const Tensors tensors{{"w/0", wg::linspace(0, 1, 5)},
                        {"labels", wg::labels({3, -1})},
                        {"\u03b1", wg::scalar(std::nan(""), wg::f64)},
                        {"nothing", wg::zeros({0, 2})}};
  write_npz(folder / "x.npz", tensors);
  const Tensors read = read_npz(folder / "x.npz");
  REQUIRE(read.size() == tensors.size());
  for (const auto& [name, tensor] : tensors) CHECK(same_bits(read.at(name), tensor));
  write_npz(folder / "y.npz", tensors);
  CHECK(text_of(folder / "x.npz") == text_of(folder / "y.npz"));
  CHECK(folder.files() == 2);
}

TEST_CASE("NumPy reads what write_npz writes", "[data][npz]") {
  if (std::system("python3 -c 'import numpy' 2>/dev/null") != 0) {
    WARN("SKIPPED: no python3 with numpy");
    return;
  }
  const Folder folder;
  write_npz(folder / "x.npz",
            {{"a", wg::matrix({{1, 2, 3}, {4, 5, 6.5}})}, {"b/c", wg::labels({7, 8})}});
  const std::string script = folder.file("check.py",
                                         "import numpy, sys\n"
                                         "x = numpy.load(sys.argv[1], allow_pickle=False)\n"
                                         "assert sorted(x.files) == ['a', 'b/c'], x.files\n"
                                         "assert x['a'].dtype == 'f4' and x['b/c'].dtype == 'i8'\n"
                                         "assert x['a'].tolist() == [[1, 2, 3], [4, 5, 6.5]]\n"
                                         "assert x['b/c'].tolist() == [7, 8]\n");
  CHECK(std::system(("python3 '" + script + "' '" + (folder / "x.npz") + "'").c_str()) == 0);
}

TEST_CASE("an archive written by hand is read if all it says is true", "[data][npz]") {
  CHECK(read_npz(as_bytes(zip({{"a.npy", array}, {"b/c.npy", array}}))).size() == 2);
  const std::string packed = deflated(array);
  const auto size = static_cast<std::uint32_t>(array.size());
  CHECK(read_npz(as_bytes(zip({{"a.npy", packed, 8, size, crc(array)}}))).size() == 1);
}

TEST_CASE("entries with hostile names are refused", "[data][npz]") {
  for (const char* name :
       {"../x.npy", "a/../../x.npy", "a/..", "/etc/x.npy", "C:x.npy", "C:/x.npy", "a\\x.npy",
        "..\\x.npy", "./x.npy", "a//x.npy", "", "folder/", "x\n.npy", "x\x1b[2J.npy"}) {
    CAPTURE(name);
    CHECK_THAT(message(zip({{"good.npy", array}, {name, array}})),
               ContainsSubstring("has an entry whose name"));
  }
}

TEST_CASE("a NUL in the name of an entry is no end of it", "[data][npz]") {
  for (const std::uint16_t flags :
       {std::uint16_t{0}, std::uint16_t{0x800}}) {  // as code page 437 and as UTF-8
    CAPTURE(flags);
    Entry entry{std::string("x.npy\0/../y.npy", 15), array};
    entry.flags = flags;
    CHECK_THAT(message(zip({entry})), ContainsSubstring("read_npz: 'memory' "));
  }
}

TEST_CASE("two entries of one name are refused", "[data][npz]") {
  CHECK_THAT(message(zip({{"a.npy", array}, {"a.npy", array}})),
             ContainsSubstring("has two entries 'a.npy'") || ContainsSubstring("already exists"));
}

TEST_CASE("entries that are no arrays are refused", "[data][npz]") {
  CHECK_THAT(message(zip({{"readme.txt", "text"}})),
             ContainsSubstring("'readme.txt' does not end in .npy"));
  CHECK_THAT(message(zip({{".npy", array}})), ContainsSubstring("does not end in .npy"));
  CHECK_THAT(message(zip({{"a.npy", "text that is none"}})),
             ContainsSubstring("'memory:a' is no .npy file"));
}

TEST_CASE("an entry that claims more than it has takes no memory", "[data][npz]") {
  wg::reset_peak_memory();
  const std::int64_t before = wg::memory_use().peak;
  CHECK_THAT(message(zip({{"a.npy", array, 0, 4000000000u}})),
             ContainsSubstring("read_npz: 'memory"));
  CHECK_THAT(message(zip({{"a.npy", deflated(array), 8, 4000000000u, crc(array)}})),
             ContainsSubstring("which its") && ContainsSubstring("packed ones cannot hold"));
  std::string bomb = array;
  bomb.replace(bomb.find("(2, 3)"), 6, "(9999999999, )").erase(110, 8);
  CHECK_THAT(message(zip({{"a.npy", bomb}})), ContainsSubstring("claims more"));
  CHECK(wg::memory_use().peak - before < 1024);
}

TEST_CASE("entries that share their bytes are refused", "[data][npz]") {
  // Two names for the same place: the trick of archives that unpack to petabytes.
  const std::string good = zip({{"a.npy", array}});
  const std::size_t start = good.find("PK\1\2"), end = good.find("PK\5\6");
  const std::string entry = good.substr(start, end - start);
  const std::string twice = good.substr(0, start) + entry + entry + "PK\5\6" + little_endian(0, 4) +
                            little_endian(2, 2) + little_endian(2, 2) +
                            little_endian(2 * entry.size(), 4) + little_endian(start, 4) +
                            little_endian(0, 2);
  CHECK_THAT(message(twice), ContainsSubstring("read_npz: 'memory"));
}

TEST_CASE("an entry packed by another method or encrypted is refused", "[data][npz]") {
  CHECK_THAT(message(zip({{"a.npy", array, 12}})), ContainsSubstring("packed by method 12"));
  Entry locked{"a.npy", array};
  locked.flags = 1;
  CHECK_THAT(message(zip({locked})), ContainsSubstring("read_npz: 'memory:a' "));
}

TEST_CASE("damaged content of an entry is found by its sum", "[data][npz]") {
  CHECK_THAT(message(zip({{"a.npy", array, 0, static_cast<std::uint32_t>(array.size()), 1}})),
             ContainsSubstring("is damaged: CRC error"));
  std::string whole = text_of(golden("deflated.npz"));
  std::size_t unnoticed = 0;
  const std::size_t content = whole.find("x.npy") + 40;
  for (std::size_t at = content; at < content + 40; ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    unnoticed += message(damaged) == "no FileError";
  }
  CHECK(unnoticed == 0);
}

TEST_CASE("what is no archive or a part of one is a FileError that names it", "[data][npz]") {
  const Folder folder;
  CHECK_THAT(message_of([] { read_npz("/nowhere/x.npz"); }),
             ContainsSubstring("read_npz: '/nowhere/x.npz' cannot be opened"));
  CHECK_THAT(message_of([&] { read_npz(folder.path().string()); }),
             ContainsSubstring("is a folder"));
  CHECK_THAT(message("text"), ContainsSubstring("is no .npz file, or a damaged one"));
  CHECK_THAT(message(""), ContainsSubstring("is empty"));
  const std::string whole = text_of(golden("stored.npz"));
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    CAPTURE(size);
    CHECK_THAT(message(whole.substr(0, size)), ContainsSubstring("read_npz: 'memory"));
  }
}

TEST_CASE("write_npz takes no name that read_npz refuses, and changes nothing then",
          "[data][npz]") {
  const Folder folder;
  const std::string path = folder.file("x.npz", "before");
  for (const char* name : {"", "../x", "/x", "a/", "a\nb"})
    CHECK_THROWS_AS(write_npz(path, {{name, wg::zeros({1})}}), wg::ValueError);
  CHECK_THROWS_AS(write_npz(path, {{"x", wg::Tensor{}}}), wg::ValueError);
  CHECK_THROWS_AS(write_npz(path, {}), wg::ValueError);
  CHECK_THROWS_WITH(write_npz(path, {{"\xff", wg::zeros({1})}}),
                    ContainsSubstring("write_npz: cannot write"));
  CHECK(text_of(path) == "before");
  CHECK(folder.files() == 1);
}

TEST_CASE("MNIST-1D is read from its .npz file", "[data][npz]") {
  const std::string path = given("WENGERT_MNIST1D", "mnist1d.npz");
  if (path.empty()) return;
  const Tensors arrays = read_npz(path);
  CHECK(arrays.at("x_train").shape() == wg::Shape{4000, 40});
  CHECK(arrays.at("x_test").shape() == wg::Shape{1000, 40});
  CHECK(arrays.at("y_train").shape() == wg::Shape{4000});
  CHECK(arrays.at("y_train").dtype() == wg::i64);
}
