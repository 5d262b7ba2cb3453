// SPDX-License-Identifier: MIT
#include "state_space.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <fmt/format.h>

#include "../../graph/error.h"
#include "../../graph/format.h"
#include "../../ops/arithmetic.h"
#include "../../ops/elementwise.h"
#include "../../ops/layout.h"
#include "../../ops/linalg.h"
#include "../../ops/random.h"
#include "../../ops/reduce.h"
#include "../init.h"
#include "cell_state.h"
#include "gates.h"
#include "sequence_mask.h"

namespace wengert {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void require_shape(const char* name, const Tensor& value, const Shape& expected, DType dtype) {
  if (value.shape() != expected)
    throw ShapeError(fmt::format("LinearStateSpace: {} is {} for this A and C, got {}", name,
                                 expected, value.shape()));
  if (value.dtype() != dtype || !is_float(dtype))
    throw DTypeError(fmt::format("LinearStateSpace: {} is {}, but A {}; all are f32 or all f64",
                                 name, to_string(value.dtype()), to_string(dtype)));
}

/// A lower triangle whose square is the covariance. Eigenvalues first, so that a singular one will
/// do: a model in companion form has noise in one place only.
Tensor factor(const char* name, const Tensor& covariance) {
  const Tensor plain = covariance.to(f64);
  const auto n = static_cast<Eigen::Index>(plain.shape()[0]);
  const Matrix values = Eigen::Map<const Matrix>(plain.data<double>().data(), n, n);
  const double size = values.cwiseAbs().maxCoeff();
  const double rounding = covariance.dtype() == f32 ? 1e-6 : 1e-12;
  if (!((values - values.transpose()).cwiseAbs().maxCoeff() <= rounding * size))
    throw ValueError(fmt::format("LinearStateSpace: {} is a covariance, but not symmetric", name));
  const Eigen::SelfAdjointEigenSolver<Matrix> solved(values);
  const double least = solved.eigenvalues().minCoeff();
  if (!(least >= -rounding * size * static_cast<double>(n)))
    throw ValueError(fmt::format("LinearStateSpace: {} is a covariance, but has the eigenvalue {}",
                                 name, least));
  const Matrix root =
      solved.eigenvectors() * solved.eigenvalues().cwiseMax(0.0).cwiseSqrt().asDiagonal();
  Matrix upper = Eigen::HouseholderQR<Matrix>(root.transpose()).matrixQR();
  Tensor result = zeros(plain.shape(), f64);
  const auto into = result.mutable_data<double>();
  for (Eigen::Index row = 0; row < n; ++row)
    for (Eigen::Index column = 0; column <= row; ++column)
      into[static_cast<std::size_t>(row * n + column)] =
          upper(column, row) * (upper(column, column) < 0.0 ? -1.0 : 1.0);
  return result.to(covariance.dtype());
}

Tensor log_of(const Tensor& variances) {
  if (!(min(Var(variances)).item() > 0.0))
    throw ValueError(fmt::format("LinearStateSpace: R holds variances, above 0; the least is {}",
                                 min(Var(variances)).item()));
  return log(Var(variances)).value();
}

/// L L' of L's lower triangle.
Var square_of(const Parameter& L, const Var& on) {
  const Var triangle = tril(L.on(on));
  return matmul(triangle, triangle, {.right = true});
}

bool any_nan(const Tensor& values) {
  return dispatch_float(values.dtype(), [&]<class T>(T) {
    return std::ranges::any_of(values.data<T>(), [](T value) { return std::isnan(value); });
  });
}

const Var& tape_of(const Var& y, const KalmanState& state) { return detail::anchor(y, state.mean); }

}  // namespace

LinearStateSpace::LinearStateSpace(const Values& values) {
  if (values.A.rank() != 2 || values.A.shape()[0] != values.A.shape()[1] || values.A.size() == 0)
    throw ShapeError(fmt::format("LinearStateSpace: A is [n, n], got {}", values.A.shape()));
  if (values.C.rank() != 2 || values.C.size() == 0)
    throw ShapeError(fmt::format("LinearStateSpace: C is [m, n], got {}", values.C.shape()));
  const std::size_t n = values.A.shape()[0], m = values.C.shape()[0];
  const DType dtype = values.A.dtype();
  require_shape("C", values.C, {m, n}, dtype);
  require_shape("Q", values.Q, {n, n}, dtype);
  require_shape("R", values.R, {m}, dtype);
  require_shape("m_0", values.m_0, {n}, dtype);
  require_shape("P_0", values.P_0, {n, n}, dtype);
  A = Parameter(values.A, "A");
  C = Parameter(values.C, "C");
  L_Q = Parameter(factor("Q", values.Q), "L_Q");
  log_R = Parameter(log_of(values.R), "log_R");
  m_0 = Parameter(values.m_0, "m_0");
  L_0 = Parameter(factor("P_0", values.P_0), "L_0");
}

LinearStateSpace::LinearStateSpace(std::size_t n, std::size_t m, Rng& rng) {
  detail::require_sizes("LinearStateSpace", m, n);
  A = Parameter((0.9 * Var(init::orthogonal({n, n}, rng))).value(), "A");
  C = Parameter(init::glorot_uniform({m, n}, rng), "C");
  L_Q = Parameter((0.1 * Var(eye(n))).value(), "L_Q");
  log_R = Parameter(zeros({m}), "log_R");
  m_0 = Parameter(zeros({n}), "m_0");
  L_0 = Parameter(eye(n), "L_0");
}

Var LinearStateSpace::Q(const Var& on) const { return square_of(L_Q, on); }
Var LinearStateSpace::P_0(const Var& on) const { return square_of(L_0, on); }
Var LinearStateSpace::R(const Var& on) const { return exp(log_R.on(on)); }

SimulatedStates simulate(const LinearStateSpace& model, std::size_t steps, std::size_t batch,
                         Rng& rng, const Var& on) {
  if (steps == 0 || batch == 0)
    throw ValueError(fmt::format("simulate: {} sequences of {} steps", batch, steps));
  const Var A = model.A.on(on), C = model.C.on(on);
  const Var noise_z = tril(model.L_Q.on(on)), noise_y = exp(0.5 * model.log_R.on(on));
  const Var mean = broadcast_to(model.m_0.on(on), {batch, model.states()});
  Var z = mean + linear(normal_like(mean, rng), tril(model.L_0.on(on)));
  std::vector<Var> zs, ys;
  for (std::size_t t = 0; t < steps; ++t) {
    z = linear(z, A) + linear(normal_like(z, rng), noise_z);
    const Var seen = linear(z, C);
    ys.push_back(seen + noise_y * normal_like(seen, rng));
    zs.push_back(z);
  }
  return {stack(zs), stack(ys)};
}

KalmanState KalmanCell::initial(const Var& y) const {
  if (y.rank() != 2 || y.shape()[1] != model.observed())
    throw ShapeError(fmt::format("KalmanCell: one step's observation is [batch, {}], got {}",
                                 model.observed(), y.shape()));
  const std::size_t batch = y.shape()[0], n = model.states();
  return {broadcast_to(model.m_0.on(y), {batch, n}), broadcast_to(model.P_0(y), {batch, n, n}),
          zeros({batch}, y.dtype())};
}

KalmanState KalmanCell::predicted(const KalmanState& state) const {
  return predicted(state, state.mean);
}

KalmanState KalmanCell::predicted(const KalmanState& state, const Var& on) const {
  const Var A = model.A.on(on);
  return {linear(state.mean, A),
          matmul(matmul(A, state.covariance), A, {.right = true}) + model.Q(on), state.log_density};
}

KalmanState KalmanCell::operator()(const Var& y, const KalmanState& state) const {
  const Var& on = tape_of(y, state);
  const std::size_t batch = y.shape()[0], n = model.states();
  auto [mean, P, ignored] = predicted(state, on);
  const std::vector<Var> C = split(model.C.on(on), model.observed(), 0);  // each [1, n]
  const std::vector<Var> R = split(model.R(on), model.observed(), 0);     // [1]
  // Where nothing is missing the tape has nothing of it.
  const bool gaps = any_nan(y.value());
  const Var there = gaps ? equal(y, y) : Var();
  const std::vector<Var> observed = gaps ? split(there, model.observed(), 1) : std::vector<Var>{};
  const std::vector<Var> seen =  // [batch, 1]
      split(gaps ? where(there, y, 0.0) : y, model.observed(), 1);
  const auto if_seen = [&](std::size_t i, const Var& value) {
    return gaps ? where(observed[i], value, 0.0) : value;
  };
  Var log_density;
  for (std::size_t i = 0; i < C.size(); ++i) {
    const Var Pc = reshape(linear(P, C[i]), Shape{batch, n});
    const Var variance = linear(Pc, C[i]) + R[i];
    const Var surprise = if_seen(i, seen[i] - linear(mean, C[i]));
    const Var density =
        if_seen(i, -0.5 * (log(2.0 * std::numbers::pi * variance) + square(surprise) / variance));
    log_density = i == 0 ? density : log_density + density;
    mean = mean + Pc * (surprise / variance);
    // As a square, so that P stays symmetric bit by bit.
    const Var scaled = if_seen(i, Pc * rsqrt(variance));
    P = P - reshape(scaled, Shape{batch, n, 1}) * reshape(scaled, Shape{batch, 1, n});
  }
  return {mean, P, reshape(log_density, Shape{batch})};
}

Var log_likelihood(std::span<const KalmanState> states, const Tensor& mask) {
  if (states.empty()) throw ValueError("log_likelihood: there are no steps");
  std::vector<Var> steps;
  if (mask.defined())
    detail::require_sequence_mask("log_likelihood", mask, states.size(),
                                  states[0].log_density.size());
  for (std::size_t t = 0; t < states.size(); ++t) {
    const Var& density = states[t].log_density;
    steps.push_back(mask.defined() ? where(detail::mask_row(mask, t, density), density, 0.0)
                                   : density);
  }
  return sum(stack(steps), 0);
}

}  // namespace wengert
