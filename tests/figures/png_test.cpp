// SPDX-License-Identifier: MIT
// PNG files, taken apart by hand.
#include <array>
#include <cmath>
#include <string>

#include <zlib.h>

#include <wengert/figures/png.h>
#include <wengert/graph/error.h>

#include "../catch.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

/// What the one IDAT chunk unpacks to: lines of a filter byte and the pixels.
std::string lines_of(const std::string& png) {
  const std::size_t start = png.find("IDAT") + 4;
  const std::size_t end = png.find("IEND") - 8;
  std::string result(1000, '\0');
  uLongf size = result.size();
  REQUIRE(uncompress(reinterpret_cast<Bytef*>(result.data()), &size,
                     reinterpret_cast<const Bytef*>(png.data() + start), end - start) == Z_OK);
  result.resize(size);
  return result;
}

}  // namespace

TEST_CASE("a grey picture becomes 8-bit grey PNG", "[tensorboard]") {
  const std::string png =
      wg::detail::png("image", wg::matrix({{0, 0.5, 1}, {-3, 7, std::nan("")}}));
  CHECK(png.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  // 3 wide, 2 high, 8 bits, grey; the sum is the one of another program.
  CHECK(png.substr(8, 21) == std::string("\0\0\0\x0dIHDR\0\0\0\x03\0\0\0\x02\x08\0\0\0\0", 21));
  CHECK(lines_of(png) == std::string("\0\0\x80\xff\0\0\xff\0", 8));
  CHECK(png.substr(png.size() - 12) == std::string("\0\0\0\0IEND\xae\x42\x60\x82", 12));
}

TEST_CASE("a coloured picture keeps its channels in order", "[tensorboard]") {
  const std::string png =
      wg::detail::png("image", wg::tensor({1, 0, 0, 0, 0, 1}, wg::f64).reshape({2, 1, 3}));
  CHECK(png.substr(24, 2) == "\x08\x02");
  CHECK(lines_of(png) == std::string("\0\xff\0\0\0\0\0\xff", 8));
}

TEST_CASE("what is no picture is refused", "[tensorboard]") {
  CHECK_THROWS_WITH(wg::detail::png("image", wg::zeros({2, 3, 4})),
                    ContainsSubstring("[height, width, 3], got [2, 3, 4]"));
  CHECK_THROWS_AS(wg::detail::png("image", wg::zeros({4})), wg::ShapeError);
  CHECK_THROWS_AS(wg::detail::png("image", wg::zeros({0, 4})), wg::ShapeError);
}
