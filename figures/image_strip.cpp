// SPDX-License-Identifier: MIT
#include "image_strip.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "../graph/error.h"
#include "markup.h"
#include "png.h"
#include "text_file.h"

namespace wengert {
namespace {

constexpr std::size_t image_size = 56;  // on the screen, the longer side
constexpr std::size_t gap = 6;
constexpr std::size_t title_width = 150;

float light(float ink, std::size_t place) {
  // Hatched, so that it is taken neither for black nor for white.
  if (!std::isfinite(ink)) return place % 2 == 0 ? 0.0F : 1.0F;
  return 1.0F - ink;
}

std::string image(std::span<const float> pixels, std::size_t height, std::size_t width) {
  std::vector<float> lights;
  for (std::size_t i = 0; i < pixels.size(); ++i)
    lights.push_back(light(pixels[i], i / width + i % width));
  return "data:image/png;base64," +
         detail::base64(detail::png("image_strip", Tensor::from<float>(lights, {height, width})));
}

void require_images(const ImageRow& row, std::size_t height, std::size_t width) {
  if (row.images.rank() != 2 || row.images.shape()[1] != height * width)
    throw ShapeError(fmt::format("image_strip: '{}' is {}, images of {} x {} are rows of {}",
                                 row.title, to_string(row.images.shape()), height, width,
                                 height * width));
}

}  // namespace

std::string image_strip(const std::vector<ImageRow>& rows, std::size_t height, std::size_t width) {
  const double scale = static_cast<double>(image_size) /
                       static_cast<double>(std::max({height, width, std::size_t{1}}));
  const double shown_height = scale * static_cast<double>(height);
  const double shown_width = scale * static_cast<double>(width);
  std::string body;
  std::size_t most = 0;
  double top = gap;
  for (const ImageRow& row : rows) {
    require_images(row, height, width);
    const std::size_t count = row.images.shape()[0];
    most = std::max(most, count);
    body += fmt::format("<text x=\"{}\" y=\"{}\" dominant-baseline=\"middle\">{}</text>\n", gap,
                        top + shown_height / 2, detail::escaped(row.title));
    const Tensor images = row.images.to(f32);
    for (std::size_t i = 0; i < count; ++i)
      body += fmt::format(
          "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" href=\"{}\"/>\n",
          title_width + static_cast<double>(i) * (shown_width + gap), top, shown_width,
          shown_height,
          image(images.data<float>().subspan(i * height * width, height * width), height, width));
    top += shown_height + gap;
  }
  const double right = title_width + static_cast<double>(most) * (shown_width + gap);
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wg-strip\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\" font-size=\"14\" role=\"img\" "
      "aria-label=\"rows of images\">\n<style>.wg-strip image{{image-rendering:pixelated}}"
      ".wg-back{{fill:#f4f4f4}}.wg-strip text{{fill:#1c1c1c}}\n@media (prefers-color-scheme:dark)"
      "{{.wg-back{{fill:#2b2e33}}.wg-strip text{{fill:#e4e4e4}}}}</style>\n"
      "<rect width=\"100%\" height=\"100%\" class=\"wg-back\"/>\n{2}</svg>\n",
      right, top, body);
}

void write_image_strip(const std::string& path, const std::vector<ImageRow>& rows,
                       std::size_t height, std::size_t width) {
  detail::replace_file("image_strip", path, image_strip(rows, height, width));
}

}  // namespace wengert
