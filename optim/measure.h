// SPDX-License-Identifier: MIT
// Sums over stretches of gradients and weights for clipping and statistics. Internal.
#pragma once

#include <cstddef>

#include "../graph/tensor.h"

namespace wengert::detail {

/// How many elements are of each kind, told by their bits: optimizers run with denormals flushed,
/// where comparing takes them for zero.
struct Kinds {
  std::size_t zero = 0;
  std::size_t denormal = 0;
  std::size_t nonfinite = 0;
};
Kinds count_kinds(DType dtype, const void* values, std::size_t count);

/// Sums of squares in f64.
double sum_of_squares(DType dtype, const void* values, std::size_t count);
double sum_of_squared_differences(DType dtype, const void* a, const void* b, std::size_t count);
/// Of min(|x|, limit); NaN stays NaN.
double sum_of_clipped_squares(DType dtype, const void* values, std::size_t count, double limit);

}  // namespace wengert::detail
