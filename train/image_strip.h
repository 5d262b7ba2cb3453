// SPDX-License-Identifier: MIT
// Rows of small grey images as one SVG picture, e.g. originals above reconstructions.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "../graph/tensor.h"

namespace wengert {

struct ImageRow {
  std::string title;
  Tensor images;  ///< [n, height * width], 0 white to 1 black; other values are cut off
};

/// Writes one line of images a row, `height` by `width` pixels each.
/// Errors: ShapeError if a row's images do not have this size; FileError if the file cannot be
/// written.
void write_image_strip(const std::string& path, const std::vector<ImageRow>& rows,
                       std::size_t height, std::size_t width);

}  // namespace wengert
