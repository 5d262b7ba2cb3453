// SPDX-License-Identifier: MIT
// How far two tensors are apart.
#pragma once

#include <cmath>
#include <limits>

#include <wengert/graph/tensor.h>

namespace wengert::nn_tests {

/// The largest |a - b|; infinite if shapes or dtypes differ, or something is NaN.
inline double distance(const Tensor& a, const Tensor& b) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return infinity;
  const Tensor x = a.to(f64);
  const Tensor y = b.to(f64);
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = std::abs(x.data<double>()[i] - y.data<double>()[i]);
    if (std::isnan(difference)) return infinity;
    if (difference > largest) largest = difference;
  }
  return largest;
}

}  // namespace wengert::nn_tests
