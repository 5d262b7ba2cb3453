// SPDX-License-Identifier: MIT
// .npy files: those NumPy wrote (tests/golden/numpy), those we write, and bad ones.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <wengert/data/npy.h>
#include <wengert/graph/pool.h>

#include "../same_bits.h"
#include "files.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using wg::data::read_npy;
using wg::data::write_npy;

namespace {

std::string golden(const std::string& name) {
  return std::string(WENGERT_SOURCE_DIR) + "/tests/golden/numpy/" + name + ".npy";
}

std::vector<double> values(const wg::Tensor& x) {
  const wg::Tensor wide = x.to(wg::f64);
  return {wide.data<double>().begin(), wide.data<double>().end()};
}

/// A .npy file of version 1 with this header.
std::string npy(const std::string& header, const std::string& elements = "") {
  return std::string("\x93NUMPY\1\0", 8) + static_cast<char>(header.size() & 0xff) +
         static_cast<char>(header.size() >> 8) + header + elements;
}
std::string header(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
}
std::string message(const std::string& bytes) {
  return message_of([&] { read_npy(as_bytes(bytes)); });
}

const wg::Tensor f4 =
    wg::matrix({{1.5, -2, std::numeric_limits<double>::infinity()}, {0, -0.0, 1e-45}});
const wg::Tensor f8 = wg::tensor({0.1, -1e300, std::nan(""), 5e-324}, wg::f64);
const wg::Tensor i8 =
    wg::labels({1, -2, std::int64_t{1} << 62, std::numeric_limits<std::int64_t>::min()})
        .reshape({2, 1, 2});

}  // namespace

TEST_CASE("what NumPy saved is read with its dtype, shape and bits", "[data][npy]") {
  CHECK(same_bits(read_npy(golden("f4_2x3")), f4));
  CHECK(same_bits(read_npy(golden("f8_4")), f8));
  CHECK(same_bits(read_npy(golden("i8_2x1x2")), i8));
  CHECK(same_bits(read_npy(golden("f8_scalar")), wg::scalar(2.5, wg::f64)));
  CHECK(same_bits(read_npy(golden("f4_empty")), wg::zeros({0, 3})));
  for (const char* version : {"version_2", "version_3"})
    CHECK(values(read_npy(golden(version))) == std::vector<double>{0, 1, 2, 3, 100, 127});
}

TEST_CASE("what we write has the very bytes that NumPy saves", "[data][npy]") {
  const Folder folder;
  const auto written = [&](const wg::Tensor& x) {
    write_npy(folder / "x.npy", x);
    return text_of(folder / "x.npy");
  };
  CHECK(written(f4) == text_of(golden("f4_2x3")));
  CHECK(written(f8) == text_of(golden("f8_4")));
  CHECK(written(i8) == text_of(golden("i8_2x1x2")));
  CHECK(written(wg::scalar(2.5, wg::f64)) == text_of(golden("f8_scalar")));
  CHECK(written(wg::zeros({0, 3})) == text_of(golden("f4_empty")));
  CHECK(written(f4.rows(1, 2)).ends_with(std::string("\0\0\0\0\0\0\0\x80\1\0\0\0", 12)));
}

TEST_CASE("NumPy's other integers and bool become i64", "[data][npy]") {
  for (const char* name : {"i1", "u1", "little_i2", "little_u2", "little_i4", "little_u4",
                           "little_u8", "big_i2", "big_i4", "big_i8", "big_u8"}) {
    CAPTURE(name);
    const wg::Tensor x = read_npy(golden(name));
    CHECK(x.dtype() == wg::i64);
    CHECK(x.shape() == wg::Shape{2, 3});
    CHECK(values(x) == std::vector<double>{0, 1, 2, 3, 100, 127});
  }
  const wg::Tensor truth = read_npy(golden("bool"));
  CHECK(truth.dtype() == wg::i64);
  CHECK(values(truth) == std::vector<double>{1, 0, 1, 0, 0, 1});
}

TEST_CASE("big-endian floats are swapped and halves become f32", "[data][npy]") {
  CHECK(read_npy(golden("big_f4")).dtype() == wg::f32);
  CHECK(values(read_npy(golden("big_f4"))) == std::vector<double>{0, 1, 2, 3, 100, 127});
  CHECK(read_npy(golden("big_f8")).dtype() == wg::f64);
  CHECK(values(read_npy(golden("big_f8"))) == std::vector<double>{0, 1, 2, 3, 100, 127});
  for (const char* name : {"little_f2", "big_f2"}) {
    const wg::Tensor x = read_npy(golden(name));
    CHECK(x.dtype() == wg::f32);
    CHECK(values(x) == std::vector<double>{0, -0.5, 65504, std::ldexp(1, -24), 0.333251953125,
                                           -std::numeric_limits<double>::infinity()});
  }
}

TEST_CASE("every finite half is the number that IEEE 754 says", "[data][npy]") {
  std::string elements;
  for (int bits = 0; bits < 0x10000; ++bits) {
    elements += static_cast<char>(bits & 0xff);
    elements += static_cast<char>(bits >> 8);
  }
  const wg::Tensor x = read_npy(as_bytes(npy(header("<f2", "(65536,)"), elements)));
  std::size_t wrong = 0;
  for (int bits = 0; bits < 0x10000; ++bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double sign = bits & 0x8000 ? -1 : 1;
    const float value = x.data<float>()[static_cast<std::size_t>(bits)];
    if (exponent == 31) {
      wrong += fraction == 0 ? !(std::isinf(value) && sign * value > 0) : !std::isnan(value);
      continue;
    }
    const double expected = exponent == 0 ? fraction / 1024.0 * std::pow(2.0, -14)
                                          : (1 + fraction / 1024.0) * std::pow(2.0, exponent - 15);
    wrong += static_cast<double>(value) != sign * expected;
  }
  CHECK(wrong == 0);
}

TEST_CASE("Fortran order becomes rows", "[data][npy]") {
  const wg::Tensor x = read_npy(golden("fortran"));
  REQUIRE(x.shape() == wg::Shape{2, 3, 4});
  CHECK(same_bits(x, wg::arange(24).reshape({2, 3, 4})));
  CHECK(values(read_npy(golden("fortran_big"))) == std::vector<double>{0, 1, 2, 3, 100, 127});
}

TEST_CASE("a dtype that no tensor has is refused with what to do", "[data][npy]") {
  const auto refused = [](const char* name) { return message_of([&] { read_npy(golden(name)); }); };
  CHECK_THAT(refused("complex"),
             ContainsSubstring("complex.npy' holds numbers of the dtype '<c16'") &&
                 ContainsSubstring("array.astype('float32')"));
  CHECK_THAT(refused("text"), ContainsSubstring("'<U3'"));
  CHECK_THAT(refused("date"), ContainsSubstring("'<M8[D]'"));
  CHECK_THAT(refused("object"), ContainsSubstring("'|O'"));
  CHECK_THAT(refused("records"), ContainsSubstring("records of several fields"));
  CHECK_THAT(refused("too_large"), ContainsSubstring("9223372036854775808, beyond what int64 can"));
  CHECK_THAT(refused("nine_axes"), ContainsSubstring("more axes than a tensor's 8"));
}

TEST_CASE("another beginning or a cut is no .npy file", "[data][npy]") {
  CHECK_THAT(message("not NumPy's file"), ContainsSubstring("is no .npy file"));
  CHECK_THAT(message(std::string("\x93NUMPY\4\0......", 14)),
             ContainsSubstring("is no .npy file of version"));
  const std::string whole = npy(header("<f4", "(2,)"), std::string(8, '\0'));
  CHECK(message(whole) == "no FileError");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_THAT(message(whole.substr(0, size)), ContainsSubstring("read_npy: 'memory' "));
  }
  CHECK_THAT(message(whole + "x"), ContainsSubstring("has bytes behind its end"));
}

TEST_CASE("a broken header is a FileError", "[data][npy]") {
  for (const char* text :
       {"", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': 1, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': True}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}"}) {
    CAPTURE(text);
    CHECK_THAT(message(npy(text, "1234")), ContainsSubstring("broken .npy header"));
  }
  // As Python 2 and other writers may have it.
  CHECK(message(npy("{\"shape\":(1L,),\"fortran_order\":True,\"descr\":\"<f4\"}", "1234")) ==
        "no FileError");
}

TEST_CASE("a .npy header that claims more than there is takes no memory", "[data][npy]") {
  wg::reset_peak_memory();
  const std::int64_t before = wg::memory_use().peak;
  CHECK_THAT(message(npy(header("<f8", "(1152921504606846976,)"), "1234")),
             ContainsSubstring("claims more"));
  CHECK_THAT(message(npy(header("<f8", "(1099511627776,)"), "1234")),
             ContainsSubstring("claims more"));
  CHECK_THAT(message(npy(header("<f8", "(4294967296, 4294967296)"), "1234")),
             ContainsSubstring("claims more"));
  CHECK_THAT(message(npy(header("<f8", "(4294967296, 0, 4294967296)"))),
             ContainsSubstring("claims more"));
  CHECK_THAT(message(npy(header("<f4", "(2,)"), "1234")),
             ContainsSubstring("f4 [2] needs 8 bytes more, and there are at most 4"));
  const std::string long_header = std::string("\x93NUMPY\2\0", 8) + "\xff\xff\xff\x7f";
  CHECK_THAT(message(long_header + "{"),
             ContainsSubstring("has a .npy header of 2147483647 bytes"));
  CHECK(wg::memory_use().peak - before < 1024);
}

TEST_CASE("writing replaces a file whole or leaves it as it was", "[data][npy]") {
  const Folder folder;
  const std::string path = folder.file("x.npy", "before");
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  CHECK_THROWS_AS(write_npy(path, wg::Tensor{}), wg::ValueError);
  CHECK(text_of(path) == "before");
  write_npy(path, f4);
  CHECK(same_bits(read_npy(path), f4));
  CHECK(std::filesystem::status(path).permissions() == std::filesystem::perms::owner_all);
  CHECK(folder.files() == 1);  // nothing temporary is left
}

TEST_CASE("writing follows a link, and refuses what is no file or cannot be written",
          "[data][npy]") {
  const Folder folder;
  const std::string path = folder.file("x.npy", "before");
  std::filesystem::create_symlink("x.npy", folder / "link");
  write_npy(folder / "link", f4);
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(same_bits(read_npy(path), f4));
  CHECK_THAT(message_of([] { write_npy("/nowhere/x.npy", f4); }),
             ContainsSubstring("write_npy: cannot write '/nowhere/x.npy': No such file"));
  CHECK_THAT(message_of([&] { write_npy(folder.path().string(), f4); }),
             ContainsSubstring("is no regular file"));
  CHECK_THAT(message_of([] { write_npy("/dev/full", f4); }),
             ContainsSubstring("is no regular file"));
}
