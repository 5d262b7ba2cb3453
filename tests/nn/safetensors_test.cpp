// SPDX-License-Identifier: MIT
// The safetensors format: what comes back, and files that are not what they claim to be.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include <wengert/graph/error.h>
#include <wengert/graph/rng.h>
#include <wengert/nn/safetensors.h>

#include "../catch.h"
#include "../same_bits.h"
#include "files.h"

using namespace wengert;
using namespace wengert::nn_tests;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A file with this header and so many bytes of elements; `length` if the header is to lie.
std::string file_of(const std::string& header, const std::string& elements = {},
                    std::uint64_t length = 0) {
  if (length == 0) length = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + header + elements;
}
SafeTensors parsed(const std::string& file) {
  return parse_tensors(std::as_bytes(std::span(file)), "m.safetensors");
}
std::string complaint(const std::string& file) {
  try {
    parsed(file);
  } catch (const FileError& error) {
    return error.what();
  }
  return "none";
}
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"w":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}
template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.begin(), bytes.size());
  return bytes;
}

}  // namespace

TEST_CASE("tensors of every dtype and rank come back from a safetensors file bit by bit") {
  const Folder folder;
  Rng rng{1};
  Tensor special = zeros({4}, f32);
  special.mutable_data<float>()[0] = -0.0F;
  special.mutable_data<float>()[1] = std::numeric_limits<float>::quiet_NaN();
  special.mutable_data<float>()[2] = -std::numeric_limits<float>::infinity();
  special.mutable_data<float>()[3] = std::numeric_limits<float>::denorm_min();
  const std::map<std::string, Tensor> tensors{
      {"0.weight", rng.normal({3, 5})},
      {"double", rng.normal({2, 2, 2}, f64)},
      {"count", Tensor::from<std::int64_t>(std::array{std::int64_t{-7}}, Shape{})},
      {"labels", labels({std::numeric_limits<std::int64_t>::min(), 0, 9})},
      {"none", zeros({0, 3})},
      {"special", special},
      {"Schichtgröße \"a\"\n", ones({1})},
  };
  const std::map<std::string, std::string> metadata{{"epoch", "3"}, {"note", "ä"}};
  save_tensors(folder / "m.safetensors", tensors, metadata);
  for (const SafeTensors& back :
       {load_tensors(folder / "m.safetensors"), parsed(text_of(folder / "m.safetensors"))}) {
    CHECK(back.metadata == metadata);
    REQUIRE(back.tensors.size() == tensors.size());
    for (const auto& [name, tensor] : tensors) {
      INFO(name);
      CHECK(same_bits(back.tensors.at(name), tensor));
    }
  }
  CHECK(folder.files() == 1);
}

TEST_CASE("elements in a safetensors file begin at a multiple of their size") {
  const Folder folder;
  for (int extra = 0; extra < 9; ++extra) {
    save_tensors(folder / "m", {{std::string(static_cast<std::size_t>(extra) + 1, 'a'), ones({3})},
                                {"z", ones({2}, f64)}});
    const std::string file = text_of(folder / "m");
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), 8);
    CHECK(length % 8 == 0);
    CHECK(file[8] == '{');
    CHECK(file.find("\"data_offsets\":[16,28]") != std::string::npos);
    CHECK(file.size() == 8 + length + 28);
  }
}

TEST_CASE("an empty safetensors file holds nothing") {
  const Folder folder;
  save_tensors(folder / "m", {});
  CHECK(load_tensors(folder / "m").tensors.empty());
  CHECK(parsed(file_of("{}")).tensors.empty());
}

TEST_CASE("other dtypes of safetensors files are converted without loss") {
  const auto f16 = parsed(file_of(
      one("F16", "[8]", "[0,16]"),
      bytes_of<std::uint16_t>({0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0xfc00, 0x8000, 0x3555})));
  const Tensor half = f16.tensors.at("w");
  CHECK(half.dtype() == f32);
  CHECK(half.at({0}) == 1);
  CHECK(half.at({1}) == -2);
  CHECK(half.at({2}) == std::ldexp(1.0, -24));
  CHECK(half.at({3}) == 65504);
  CHECK(half.at({4}) == std::numeric_limits<double>::infinity());
  CHECK(half.at({5}) == -std::numeric_limits<double>::infinity());
  CHECK(std::signbit(half.at({6})));
  CHECK(half.at({7}) == 0.333251953125);

  const Tensor brain =
      parsed(file_of(one("BF16", "[2]", "[0,4]"), bytes_of<std::uint16_t>({0x3f80, 0xc049})))
          .tensors.at("w");
  CHECK(brain.at({0}) == 1);
  CHECK(brain.at({1}) == -3.140625);

  const auto first = [](const std::string& dtype, const std::string& bytes) {
    const Tensor tensor =
        parsed(file_of(one(dtype, "[1]", "[0," + std::to_string(bytes.size()) + "]"), bytes))
            .tensors.at("w");
    CHECK(tensor.dtype() == i64);
    return tensor.data<std::int64_t>()[0];
  };
  CHECK(first("I32", bytes_of<std::int32_t>({-5})) == -5);
  CHECK(first("I16", bytes_of<std::int16_t>({-300})) == -300);
  CHECK(first("I8", bytes_of<std::int8_t>({-5})) == -5);
  CHECK(first("U8", bytes_of<std::uint8_t>({200})) == 200);
  CHECK(first("U16", bytes_of<std::uint16_t>({65535})) == 65535);
  CHECK(first("U32", bytes_of<std::uint32_t>({4294967295U})) == 4294967295);
  CHECK(first("U64", bytes_of<std::uint64_t>({77})) == 77);
  CHECK(first("BOOL", bytes_of<std::uint8_t>({1})) == 1);
  CHECK_THAT(complaint(file_of(one("U64", "[1]", "[0,8]"), std::string(8, '\xff'))),
             ContainsSubstring("'w' holds 18446744073709551615, more than an i64 can"));
  CHECK_THAT(complaint(file_of(one("F8_E4M3", "[1]", "[0,1]"), "x")),
             ContainsSubstring("'w' has dtype \"F8_E4M3\", which is not known here"));
}

TEST_CASE("a safetensors file that is cut off anywhere is reported") {
  const Folder folder;
  save_tensors(folder / "m", {{"a", ones({3})}, {"b", ones({2}, f64)}}, {{"k", "v"}});
  const std::string whole = text_of(folder / "m");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write_file(folder / "cut", whole.substr(0, length));
    CHECK_THROWS_AS(load_tensors(folder / "cut"), FileError);
    CHECK_THROWS_AS(parsed(whole.substr(0, length)), FileError);
  }
  CHECK_THAT(complaint(whole + "x"), ContainsSubstring("bytes 28 to 29 belong to no tensor"));
  CHECK(complaint("abc") ==
        "safetensors: 'm.safetensors': it has 3 bytes, too few for any; it is "
        "cut off");
}

TEST_CASE("a safetensors header that claims more than the file holds takes no memory") {
  CHECK(complaint(file_of("{}", "", std::uint64_t{1} << 60)) ==
        "safetensors: 'm.safetensors': its header is to have 1152921504606846976 bytes, but only 2 "
        "follow; it is cut off, or no safetensors file");
  CHECK_THAT(complaint(file_of("{}", "", ~std::uint64_t{0})), ContainsSubstring("but only 2"));
  CHECK_THAT(complaint(file_of(one("F32", "[1000000000000]", "[0,4000000000000]"), "1234")),
             ContainsSubstring("'w' ends at byte 4000000000000 of 4; the file is cut off"));
  // 2^62 elements of four bytes are 2^64 bytes, which is 0 in 64 bits.
  CHECK_THAT(complaint(file_of(one("F32", "[4611686018427387904]", "[0,0]"))),
             ContainsSubstring("'w' is [4611686018427387904] of F32, which does not take its 0"));
  CHECK_THAT(complaint(file_of(one("F32", "[0,4611686018427387904,8]", "[0,0]"))),
             ContainsSubstring("does not take its 0 bytes"));
}

TEST_CASE("a safetensors header longer than the format allows is refused") {
  std::string file = file_of("{}", "", 100'000'001);
  file.resize(100'000'020, ' ');
  CHECK_THAT(complaint(file), ContainsSubstring("more than the 100000000 of the format"));
}

TEST_CASE("a safetensors header that is no JSON, or not this JSON, is reported") {
  const auto says = [](const std::string& header, const std::string& what,
                       const std::string& elements = "12345678") {
    INFO(header);
    CHECK_THAT(complaint(file_of(header, elements)), ContainsSubstring(what));
  };
  says("{\"w\":", "the header is no JSON");
  says("{\"w\":\"\xff\"}", "the header is no JSON");
  says("  {}", "does not begin with '{'");
  says("[1]", "does not begin with '{'");
  says("{} {}", "the header is no JSON");
  says("{\"w\":" + std::string(100000, '['), "nested deeper");
  says(R"({"w":[[[[1]]]]})", "nested deeper");
  says(R"({"w":1})", "'w' does not have just dtype, shape and data_offsets");
  says(R"({"w":{"dtype":"F32","shape":[2]}})", "'w' does not have just dtype, shape");
  says(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}})", "does not have just");
  says(R"({"w":{"dtype":3,"shape":[2],"data_offsets":[0,8]}})", "a dtype that is no text");
  says(R"({"w":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})", "no shape of at most 8 extents");
  says(one("F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), "no shape of at most 8 extents");
  says(one("F32", "[-2]", "[0,8]"), "'w' has an extent -2 in its shape");
  says(one("F32", "[2.0]", "[0,8]"), "'w' has an extent 2.0 in its shape");
  says(one("F32", "[99999999999999999999999]", "[0,8]"), "'w' has an extent");
  says(one("F32", "[2]", "[0]"), "data_offsets that are not two counts");
  says(one("F32", "[2]", "[-1,7]"), "data_offsets that are not two counts");
  says(one("F32", "[2]", "[8,0]"), "'w' ends at byte 0 before it begins at 8");
  says(one("F32", "[3]", "[0,8]"), "'w' is [3] of F32, which does not take its 8 bytes");
  says(one("F32", "[]", "[0,8]"), "'w' is [] of F32, which does not take its 8 bytes");
  says(one("F32", "[1]", "[4,8]"), "bytes 0 to 4 belong to no tensor");
  says(one("F32", "[1]", "[0,4]"), "bytes 4 to 8 belong to no tensor");
  says(R"({"__metadata__":{"a":1}})", "__metadata__ is not a list of names and texts");
  says(R"({"__metadata__":["a"]})", "__metadata__ is not a list of names and texts");
  says(R"({"__metadata__":"a"})", "__metadata__ is not a list of names and texts");
}

TEST_CASE("safetensors names that come twice, and tensors that overlap, are reported") {
  const std::string half = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  const std::string whole = R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  CHECK_THAT(complaint(file_of(R"({"w":)" + whole + R"(,"w":)" + whole + "}", "12345678")),
             ContainsSubstring("the header names 'w' twice"));
  CHECK_THAT(complaint(file_of(R"({"v":)" + half + R"(,"w":)" + whole + "}", "12345678")),
             ContainsSubstring("'v' and 'w' overlap"));
  CHECK_THAT(
      complaint(file_of(R"({"w":{"dtype":"F32","dtype":"F64","shape":[1],"data_offsets":[0,4]}})",
                        "1234")),
      ContainsSubstring("the header names 'dtype' twice"));
  // The same key in two tensors is no repetition.
  CHECK(parsed(file_of(R"({"v":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"w":)" + half + "}",
                       "12345678"))
            .tensors.size() == 2);
}

TEST_CASE("a safetensors file that is not there, or cannot be written, is named with the reason") {
  const Folder folder;
  CHECK_THROWS_WITH(
      load_tensors(folder / "gone"),
      "safetensors: cannot open '" + (folder / "gone") + "': No such file or directory");
  CHECK_THROWS_WITH(load_tensors(folder / ""),
                    "safetensors: cannot open '" + (folder / "") + "': it is no file");
  CHECK_THROWS_WITH(save_tensors(folder / "no/such/m", {{"a", ones({1})}}),
                    ContainsSubstring("No such file or directory; is its folder there"));
  CHECK_THROWS_WITH(save_tensors(folder / "m", {{"a", Tensor()}}),
                    "save_tensors: 'a' holds nothing");
  CHECK_THROWS_AS(save_tensors(folder / "m", {{"__metadata__", ones({1})}}), ValueError);
  CHECK_THROWS_AS(save_tensors(folder / "m", {{"\xff", ones({1})}}), ValueError);
  CHECK(folder.files() == 0);
}

TEST_CASE("a file that cannot be replaced is left as it was, and nothing beside it") {
  const Folder folder;
  std::filesystem::create_directory(folder / "m");
  write_file(folder / "m/inside", "x");
  CHECK_THROWS_AS(save_tensors(folder / "m", {{"a", ones({1})}}), FileError);
  CHECK(folder.files() == 1);
  CHECK(text_of(folder / "m/inside") == "x");
}

TEST_CASE("saving through a symbolic link replaces what it points to") {
  const Folder folder;
  save_tensors(folder / "real", {{"a", ones({1})}});
  std::filesystem::create_symlink(folder / "real", folder / "link");
  save_tensors(folder / "link", {{"b", ones({1})}});
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(load_tensors(folder / "real").tensors.count("b") == 1);
}

TEST_CASE("no damaged byte of a safetensors header goes further than a FileError") {
  const Folder folder;
  save_tensors(folder / "m", {{"a", ones({2})}, {"b", ones({1}, f64)}}, {{"k", "v"}});
  const std::string whole = text_of(folder / "m");
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const int bit : {1, 2, 4, 16, 64, 128}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ bit);
      try {
        parsed(damaged);
      } catch (const FileError&) {
        ++refused;
      }
    }
  CHECK(refused > 100);
}
