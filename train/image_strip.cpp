// SPDX-License-Identifier: MIT
#include "image_strip.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert {
namespace {

constexpr std::size_t pixel = 6;
constexpr std::size_t gap = 10;
constexpr std::size_t title_width = 130;

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&') result += "&amp;";
    else if (c == '<') result += "&lt;";
    else result += c;
  }
  return result;
}

std::string image(const float* pixels, std::size_t height, std::size_t width, std::size_t left,
                  std::size_t top) {
  std::string text;
  for (std::size_t i = 0; i < height * width; ++i) {
    const float ink = std::isfinite(pixels[i]) ? std::clamp(pixels[i], 0.0F, 1.0F) : 0.0F;
    const int grey = static_cast<int>(std::lround(255.0F * (1.0F - ink)));
    text += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"rgb({},{},{})\"/>\n",
        left + i % width * pixel, top + i / width * pixel, pixel, pixel, grey, grey, grey);
  }
  return text;
}

}  // namespace

void write_image_strip(const std::string& path, const std::vector<ImageRow>& rows,
                       std::size_t height, std::size_t width) {
  std::string body;
  std::size_t most = 0;
  std::size_t top = gap;
  for (const ImageRow& row : rows) {
    if (row.images.rank() != 2 || row.images.shape()[1] != height * width)
      throw ShapeError(fmt::format("image_strip: '{}' is {}, images of {} x {} are rows of {}",
                                   row.title, to_string(row.images.shape()), height, width,
                                   height * width));
    most = std::max(most, row.images.shape()[0]);
    body += fmt::format("<text x=\"{}\" y=\"{}\" dominant-baseline=\"middle\">{}</text>\n", gap,
                        top + height * pixel / 2, escaped(row.title));
    const Tensor images = row.images.to(f32);
    for (std::size_t i = 0; i < images.shape()[0]; ++i)
      body += image(images.data<float>().data() + i * height * width, height, width,
                    title_width + i * (width * pixel + gap), top);
    top += height * pixel + gap;
  }
  const std::size_t right = title_width + most * (width * pixel + gap);
  std::ofstream file(path);
  file << fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" "
      "font-family=\"sans-serif\" font-size=\"14\" shape-rendering=\"crispEdges\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#f4f4f4\"/>\n{}</svg>\n",
      right, top, body);
  if (!file.flush()) throw FileError(fmt::format("image_strip: cannot write {}", path));
}

}  // namespace wengert
