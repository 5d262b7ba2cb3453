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

// Sums of squares. In f32, squares are added in runs of 1024 and the runs in f64: the relative
// error is below 1e-6, and no number is too large or too small to be squared.

double sum_of_squares(DType dtype, const void* values, std::size_t count);
/// Of min(|x|, limit); NaN stays NaN.
double sum_of_clipped_squares(DType dtype, const void* values, std::size_t count, double limit);

struct StepSquares {
  double before = 0.0;
  double update = 0.0;  ///< of after - before
};
StepSquares squares_of_step(DType dtype, const void* before, const void* after, std::size_t count);

}  // namespace wengert::detail
