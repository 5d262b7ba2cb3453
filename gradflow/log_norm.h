// SPDX-License-Identifier: MIT
// The logarithm of a 2-norm, for numbers whose squares would leave the range. Internal.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace wengert::gradflow {

/// ln |values|; -inf if all are zero, NaN if one is.
template <class T>
double log_norm(std::span<const T> values) {
  double size = 0.0, squares = 0.0;
  for (const T value : values) {
    if (std::isnan(value)) return std::numeric_limits<double>::quiet_NaN();
    size = std::max(size, std::abs(static_cast<double>(value)));
  }
  if (size == 0.0) return -std::numeric_limits<double>::infinity();
  if (std::isinf(size)) return size;
  for (const T value : values) {
    const double ratio = static_cast<double>(value) / size;
    squares += ratio * ratio;
  }
  return std::log(size) + 0.5 * std::log(squares);
}

}  // namespace wengert::gradflow
