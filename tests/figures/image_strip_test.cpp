// SPDX-License-Identifier: MIT
// Pictures that a page holds itself.
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string>

#include <zlib.h>

#include <wengert/figures/image_strip.h>
#include <wengert/graph/error.h>
#include <wengert/graph/rng.h>

#include "../catch.h"
#include "../folder.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

/// The pixels of the first PNG in the text, unpacked by hand.
std::string first_picture(const std::string& svg) {
  const std::string start = "data:image/png;base64,";
  std::size_t at = svg.find(start);
  REQUIRE(at != std::string::npos);
  at += start.size();
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string png;
  unsigned bits = 0, count = 0;
  for (; svg[at] != '"' && svg[at] != '='; ++at) {
    bits = bits << 6U | static_cast<unsigned>(digits.find(svg[at]));
    if ((count += 6) >= 8) png += static_cast<char>(bits >> (count -= 8) & 0xFFU);
  }
  REQUIRE(png.substr(1, 3) == "PNG");
  const std::size_t data = png.find("IDAT") + 4;
  std::string pixels(1000, '\0');
  uLongf size = pixels.size();
  REQUIRE(uncompress(reinterpret_cast<Bytef*>(pixels.data()), &size,
                     reinterpret_cast<const Bytef*>(png.data() + data), png.size() - data) == Z_OK);
  return pixels.substr(0, size);
}

}  // namespace

TEST_CASE("a strip's pictures hold the images' pixels, ink on paper", "[strip]") {
  const wg::Tensor image = wg::matrix({{0, 1, 0.5, 2, -1, NAN}});
  const std::string svg = wg::image_strip({{"one", image}}, 2, 3);
  // Each line of a PNG starts with its filter, 0.
  CHECK(first_picture(svg) == std::string("\0\xff\0\x80\0\0\xff\xff", 8));
}

TEST_CASE("a strip of 28 x 28 images is small", "[strip]") {
  wg::Rng rng{1};
  const wg::Tensor images = rng.uniform({20, 784});
  CHECK(wg::image_strip({{"noise", images}}, 28, 28).size() < 28000);  // noise does not compress
}

TEST_CASE("a strip's titles are text whatever they hold", "[strip]") {
  const std::string svg = wg::image_strip({{"</text><script>\"'&\xff", wg::zeros({1, 4})}}, 2, 2);
  CHECK(svg.find("<script") == std::string::npos);
  CHECK_THAT(svg, ContainsSubstring("&lt;/text&gt;&lt;script&gt;&quot;&#39;&amp;"));
}

TEST_CASE("a strip is written whole or not at all", "[strip]") {
  const AwkwardFolder folder;
  const std::string path = folder.path("strip.svg");
  wg::write_image_strip(path, {{"zeros", wg::zeros({2, 4})}, {"none", wg::zeros({0, 4})}}, 2, 2);
  CHECK(text_of(path) ==
        wg::image_strip({{"zeros", wg::zeros({2, 4})}, {"none", wg::zeros({0, 4})}}, 2, 2));
  CHECK_THROWS_WITH(wg::write_image_strip(path, {{"bad", wg::zeros({2, 5})}}, 2, 2),
                    ContainsSubstring("'bad' is [2, 5], images of 2 x 2 are rows of 4"));
  CHECK_THROWS_AS(wg::write_image_strip(folder.path("no/strip.svg"), {}, 2, 2), wg::FileError);
}
