// SPDX-License-Identifier: MIT
#include "vectors.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace wengert::detail {

double dot(const Tensor& a, const Tensor& b) {
  double total = 0;
  const std::span<const double> x = a.data<double>();
  const std::span<const double> y = b.data<double>();
  for (std::size_t i = 0; i < x.size(); ++i) total += x[i] * y[i];
  return total;
}

double unit_of(double size) {
  return size > 0 ? std::ldexp(1.0, std::clamp(-std::ilogb(size), -1000, 1000)) : 1.0;
}

double norm(const Tensor& tensor) { return norm(std::span(&tensor, 1)); }

double norm(std::span<const Tensor> tensors) {
  std::vector<Tensor> wide;
  for (const Tensor& tensor : tensors)
    if (is_float(tensor.dtype())) wide.push_back(tensor.to(f64));
  double size = 0;
  for (const Tensor& tensor : wide)
    for (const double x : tensor.data<double>()) {
      if (std::isnan(x)) return x;
      size = std::max(size, std::abs(x));
    }
  if (size == 0 || std::isinf(size)) return size;
  const double unit = unit_of(size);
  double squares = 0;
  for (const Tensor& tensor : wide)
    for (const double x : tensor.data<double>()) squares += (x * unit) * (x * unit);
  return std::sqrt(squares) / unit;
}

double norm_of_product(const Tensor& a, const Tensor& b) {
  const double size = largest(a);
  if (size == 0) return 0;
  const double unit = unit_of(size);
  const std::span<const double> x = a.data<double>(), y = b.data<double>();
  double squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double product = x[i] * unit * y[i];
    squares += product * product;
  }
  return std::sqrt(squares) / unit;
}

Tensor combined(const Tensor& a, double factor, const Tensor& b) {
  Tensor result = a.to(f64);
  const Tensor wide = b.to(f64);
  const std::span<double> to = result.mutable_data<double>();
  const std::span<const double> from = wide.data<double>();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * from[i];
  return result;
}

std::vector<Tensor> combined(std::span<const Tensor> a, double factor, std::span<const Tensor> b) {
  std::vector<Tensor> result;
  for (std::size_t k = 0; k < a.size(); ++k) result.push_back(combined(a[k], factor, b[k]));
  return result;
}

double distance(const Tensor& a, const Tensor& b) { return norm(combined(a, -1, b)); }
double distance(std::span<const Tensor> a, std::span<const Tensor> b) {
  return norm(combined(a, -1, b));
}

Tensor jittered(const Tensor& tensor, double size, Rng& rng) {
  if (!is_float(tensor.dtype())) return tensor;
  Tensor result = tensor;
  dispatch_float(result.dtype(), [&]<class T>(T) {
    const T factors[] = {static_cast<T>(1 - size), static_cast<T>(1 + size)};
    const std::span<T> elements = result.mutable_data<T>();
    std::uint64_t coins = 0;
    for (std::size_t i = 0; i < elements.size(); ++i, coins >>= 1) {
      if (i % 64 == 0) coins = rng.bits();
      elements[i] *= factors[coins & 1];
    }
  });
  return result;
}

Tensor moves_of(const Tensor& x, Rng& rng) {
  Tensor moves = rng.uniform(x.shape(), -1, 1, f64);
  const std::span<double> to = moves.mutable_data<double>();
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] = std::copysign(0.5 + 0.5 * std::abs(to[i]), to[i]) *
            std::max(1.0, std::abs(x.data<double>()[i]));
  return moves;
}

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
