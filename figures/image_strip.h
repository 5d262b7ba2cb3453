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

/// One line of images a row, `height` by `width` pixels each, as the text of an SVG picture that
/// holds everything itself and can stand in an HTML page. NaN and infinities are shown hatched.
/// Errors: ShapeError if a row's images do not have this size.
std::string image_strip(const std::vector<ImageRow>& rows, std::size_t height, std::size_t width);

/// The same as a file, replaced in one piece. Errors: FileError if it cannot be written.
void write_image_strip(const std::string& path, const std::vector<ImageRow>& rows,
                       std::size_t height, std::size_t width);

}  // namespace wengert
