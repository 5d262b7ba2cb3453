// SPDX-License-Identifier: MIT
#include "vectors.h"

#include <algorithm>
#include <cmath>

namespace wengert::detail {

double dot(const Tensor& a, const Tensor& b) {
  double total = 0;
  const std::span<const double> x = a.data<double>();
  const std::span<const double> y = b.data<double>();
  for (std::size_t i = 0; i < x.size(); ++i) total += x[i] * y[i];
  return total;
}

double norm_of(const Tensor& tensor) {
  const Tensor wide = tensor.to(f64);
  return std::sqrt(dot(wide, wide));
}

double norm_of(std::span<const Tensor> tensors) {
  double squares = 0;
  for (const Tensor& tensor : tensors)
    if (is_float(tensor.dtype())) {
      const Tensor wide = tensor.to(f64);
      squares += dot(wide, wide);
    }
  return std::sqrt(squares);
}

Tensor combined(const Tensor& a, double factor, const Tensor& b) {
  Tensor result = a;
  const std::span<double> to = result.mutable_data<double>();
  const std::span<const double> from = b.data<double>();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * from[i];
  return result;
}

double distance(const Tensor& a, const Tensor& b) { return norm_of(combined(a, -1, b)); }

bool finite(const Tensor& tensor) {
  if (tensor.dtype() == i64) return true;
  return dispatch_float(tensor.dtype(), [&]<class T>(T) {
    return std::ranges::all_of(tensor.data<T>(), [](T v) { return std::isfinite(v); });
  });
}

double largest(const Tensor& tensor) {
  if (tensor.dtype() == i64) return 0;
  double size = 0;
  dispatch_float(tensor.dtype(), [&]<class T>(T) {
    for (const T value : tensor.data<T>())
      if (std::isfinite(value)) size = std::max(size, std::abs(static_cast<double>(value)));
  });
  return size;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  return dispatch(a.dtype(), [&]<class T>(T) {
    const std::span<const T> x = a.data<T>(), y = b.data<T>();
    for (std::size_t i = 0; i < x.size(); ++i)
      if (!(x[i] == y[i]) && !(x[i] != x[i] && y[i] != y[i])) return false;
    return true;
  });
}

}  // namespace wengert::detail
