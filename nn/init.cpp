// SPDX-License-Identifier: MIT
#include "init.h"

#include <cmath>

#include <Eigen/QR>
#include <fmt/format.h>

#include "../graph/error.h"
#include "../ops/arithmetic.h"

namespace wengert::init {
namespace {

struct Fans {
  double in;
  double out;
};

Fans fans(const char* name, const Shape& shape) {
  if (shape.rank() < 2 || shape.size() == 0)
    throw ShapeError(
        fmt::format("{}: a weight is [fan_out, fan_in, ...], got {}", name, to_string(shape)));
  const auto window = static_cast<double>(shape.size()) / static_cast<double>(shape[0] * shape[1]);
  return {window * static_cast<double>(shape[1]), window * static_cast<double>(shape[0])};
}

Tensor symmetric(double bound, const Shape& shape, Rng& rng) {
  return rng.uniform(shape, -bound, bound);
}
Tensor centred(double variance, const Shape& shape, Rng& rng) {
  return (rng.normal(shape) * std::sqrt(variance)).value();
}

}  // namespace

Tensor glorot_uniform(const Shape& shape, Rng& rng) {
  const Fans fan = fans("glorot_uniform", shape);
  return symmetric(std::sqrt(6.0 / (fan.in + fan.out)), shape, rng);
}
Tensor glorot_normal(const Shape& shape, Rng& rng) {
  const Fans fan = fans("glorot_normal", shape);
  return centred(2.0 / (fan.in + fan.out), shape, rng);
}
Tensor he_uniform(const Shape& shape, Rng& rng) {
  return symmetric(std::sqrt(6.0 / fans("he_uniform", shape).in), shape, rng);
}
Tensor he_normal(const Shape& shape, Rng& rng) {
  return centred(2.0 / fans("he_normal", shape).in, shape, rng);
}
Tensor lecun_uniform(const Shape& shape, Rng& rng) {
  return symmetric(std::sqrt(3.0 / fans("lecun_uniform", shape).in), shape, rng);
}
Tensor lecun_normal(const Shape& shape, Rng& rng) {
  return centred(1.0 / fans("lecun_normal", shape).in, shape, rng);
}

Tensor orthogonal(const Shape& shape, Rng& rng) {
  fans("orthogonal", shape);
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto rows = static_cast<Eigen::Index>(shape[0]);
  const auto columns = static_cast<Eigen::Index>(shape.size() / shape[0]);
  const Tensor noise = rng.normal(shape, f64);
  const Matrix gaussian = Eigen::Map<const Matrix>(noise.data<double>().data(), rows, columns);
  const bool wide = columns > rows;
  const Matrix tall = wide ? Matrix(gaussian.transpose()) : gaussian;
  const Eigen::HouseholderQR<Matrix> qr(tall);
  Matrix q = qr.householderQ() * Matrix::Identity(tall.rows(), tall.cols());
  // With R's diagonal positive, Q is uniformly distributed (Mezzadri 2007).
  for (Eigen::Index i = 0; i < q.cols(); ++i)
    if (qr.matrixQR()(i, i) < 0) q.col(i) = -q.col(i);
  const Matrix result = wide ? Matrix(q.transpose()) : q;
  return Tensor::from<double>({result.data(), shape.size()}, shape).to(f32);
}

Tensor identity(const Shape& shape, Rng&) {
  if (shape.rank() != 2)
    throw ShapeError(
        fmt::format("init::identity: a matrix has two axes, got {}", to_string(shape)));
  Tensor result = wengert::zeros(shape);
  const std::span<float> values = result.mutable_data<float>();
  for (std::size_t i = 0; i < std::min(shape[0], shape[1]); ++i) values[i * shape[1] + i] = 1.0F;
  return result;
}

Initializer scaled(const Initializer& initializer, double gain) {
  return
      [=](const Shape& shape, Rng& rng) { return (gain * Var(initializer(shape, rng))).value(); };
}
Initializer uniform(double low, double high) {
  return [=](const Shape& shape, Rng& rng) { return rng.uniform(shape, low, high); };
}
Initializer normal(double mean, double deviation) {
  return [=](const Shape& shape, Rng& rng) {
    return (mean + deviation * Var(rng.normal(shape))).value();
  };
}
Tensor zeros(const Shape& shape, Rng&) { return wengert::zeros(shape); }

}  // namespace wengert::init
