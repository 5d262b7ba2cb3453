// SPDX-License-Identifier: MIT
// A small picture as the bytes of a PNG file.
#pragma once

#include <string>

#include "../graph/tensor.h"

namespace wengert::detail {

/// Of [height, width], 0 black to 1 white, or [height, width, 3], red, green and blue; 8 bits a
/// channel. Values outside [0, 1] are cut off, NaN is black.
/// Errors: ShapeError naming `op` for another shape or one without pixels.
std::string png(const char* op, const Tensor& pixels);

}  // namespace wengert::detail
