// SPDX-License-Identifier: MIT
// L-BFGS on problems whose minimum is known.
#include <cmath>

#include <wengert/wengert.h>

#include "../catch.h"
#include "../same_bits.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

/// sum 100 (x_(i+1) - x_i^2)^2 + (1 - x_i)^2
Var rosenbrock(const Var& x) {
  const auto n = static_cast<std::int64_t>(x.size());
  const Var head = slice(x, 0, 0, n - 1), tail = slice(x, 0, 1, n);
  return sum(100.0 * square(tail - square(head)) + square(1.0 - head));
}

/// A symmetric matrix with the eigenvalues 1, ..., n.
Tensor spread_matrix(std::size_t n) {
  Tensor h = Rng{4}.normal({n}, f64);
  double squares = 0;
  for (const double x : h.data<double>()) squares += x * x;
  Tensor a = zeros({n, n}, f64);
  const auto reflected = [&](std::size_t i, std::size_t k) {
    return (i == k ? 1.0 : 0.0) - 2.0 * h.data<double>()[i] * h.data<double>()[k] / squares;
  };
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      double entry = 0;
      for (std::size_t k = 0; k < n; ++k)
        entry += reflected(i, k) * static_cast<double>(k + 1) * reflected(j, k);
      a.mutable_data<double>()[i * n + j] = entry;
    }
  return a;
}

struct Regression {
  Tensor x = Rng{1}.normal({60, 4}, f64);
  Tensor y =
      (Var(Rng{2}.uniform({60, 1}, 0, 1, f64)) < sigmoid(sum(Var(x), {1}, Keep::yes))).value();
  Parameter w{zeros({4, 1}, f64), "w"};

  /// Penalised, so that the minimum is one point.
  Var loss(Tape& tape) const {
    const Var rows = tape.input(x);
    const Var on = w.on(rows);
    return bce_from_logits(matmul(rows, on), y) + 0.005 * sum(square(on));
  }
};

}  // namespace

TEST_CASE("L-BFGS finds Rosenbrock's minimum to ten digits") {
  for (const std::size_t n : {2, 10, 50}) {
    INFO(n << " variables");
    Tensor start = zeros({n}, f64);
    for (std::size_t i = 0; i < n; ++i) start.mutable_data<double>()[i] = i % 2 == 0 ? -1.2 : 1.0;
    Parameter x(start, "x");
    const Lbfgs::Result result = Lbfgs{}.minimize(
        x, [&](Tape& tape) { return rosenbrock(x.on(tape.input(zeros({1}, f64)))); });
    INFO(result.reason << ", " << result.iterations << " iterations, " << result.evaluations);
    CHECK(result.converged);
    CHECK(result.gradient_norm <= 1e-8);
    for (std::size_t i = 0; i < n; ++i) CHECK(std::abs(x.value().at({i}) - 1.0) < 1e-10);
    CHECK(result.evaluations < 40 + 12 * static_cast<std::int64_t>(n));
  }
}

TEST_CASE(
    "L-BFGS with an exact line search ends a quadratic form in one step more than it has "
    "variables") {
  const std::size_t n = 12;
  const Tensor a = spread_matrix(n);
  const Tensor target = Rng{6}.normal({n, 1}, f64);
  Parameter x(zeros({n, 1}, f64), "x");
  const Lbfgs lbfgs{
      {.memory = n, .gradient_tolerance = 1e-9, .decrease = 1e-12, .curvature = 1e-10}};
  const Lbfgs::Result result = lbfgs.minimize(x, [&](Tape& tape) {
    const Var away = x.on(tape.input(zeros({1}, f64))) - target;
    return 0.5 * sum(away * matmul(Var(a), away));
  });
  INFO(result.reason << ", norm " << result.gradient_norm);
  CHECK(result.converged);
  CHECK(result.iterations <= static_cast<std::int64_t>(n) + 1);
  for (std::size_t i = 0; i < n; ++i)
    CHECK(std::abs(x.value().at({i, 0}) - target.at({i, 0})) < 1e-9);
}

TEST_CASE("L-BFGS finds the solution of logistic regression that Newton's method finds") {
  Regression by_lbfgs, by_newton;
  const Lbfgs::Result result = Lbfgs{{.gradient_tolerance = 1e-11}}.minimize(
      by_lbfgs.w, [&](Tape& tape) { return by_lbfgs.loss(tape); });
  INFO(result.reason << " after " << result.iterations);
  CHECK(result.converged);
  CHECK(result.gradient_norm < 1e-8);

  // Newton's steps in closed form: p = s(x w), H = x' p (1 - p) x / n + 0.01, g alike.
  double w[4] = {};
  for (int step = 0; step < 20; ++step) {
    double h[4][5] = {};
    for (std::size_t row = 0; row < 60; ++row) {
      double z = 0;
      for (std::size_t i = 0; i < 4; ++i) z += by_newton.x.at({row, i}) * w[i];
      const double p = 1 / (1 + std::exp(-z));
      for (std::size_t i = 0; i < 4; ++i) {
        const double xi = by_newton.x.at({row, i});
        h[i][4] += (p - by_newton.y.at({row, 0})) * xi / 60;
        for (std::size_t j = 0; j < 4; ++j)
          h[i][j] += p * (1 - p) * xi * by_newton.x.at({row, j}) / 60;
      }
    }
    for (std::size_t i = 0; i < 4; ++i) {
      h[i][4] += 0.01 * w[i];
      h[i][i] += 0.01;
    }
    for (std::size_t k = 0; k < 4; ++k)  // positive definite: no pivots needed
      for (std::size_t i = 0; i < 4; ++i)
        if (i != k)
          for (std::size_t j = 4 + 1; j-- > k;) h[i][j] -= h[k][j] * h[i][k] / h[k][k];
    for (std::size_t i = 0; i < 4; ++i) w[i] -= h[i][4] / h[i][i];
  }
  // The smallest eigenvalue of H is at least 0.01, so that the weights are within 1e-9.
  for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(by_lbfgs.w.value().at({i, 0}) - w[i]) < 1e-9);
}

TEST_CASE("L-BFGS in f32 ends at the precision it has, and says so") {
  Parameter x(full({10}, -1.2), "x");
  const Lbfgs::Result result =
      Lbfgs{}.minimize(x, [&](Tape& tape) { return rosenbrock(x.on(tape.input(zeros({1})))); });
  CHECK_FALSE(result.converged);
  CHECK((result.reason == "the loss cannot be made smaller at this precision" ||
         result.reason == "the loss changes by no more than rounding"));
  CHECK(result.iterations < 300);
  CHECK(result.loss < 1e-9);
  CHECK(result.gradient_norm < 1e-2);
}

TEST_CASE("L-BFGS steps back from where the loss is not finite") {
  Parameter x(tensor({4.0}, f64), "x");
  // The first step down leaves the domain of the logarithm.
  const Lbfgs::Result result = Lbfgs{}.minimize(x, [&](Tape& tape) {
    const Var on = x.on(tape.input(zeros({1}, f64)));
    return sum(50.0 * on - log(on - 3.5));
  });
  CHECK(result.converged);
  CHECK(x.value().item() == Approx(3.52));
}

TEST_CASE("L-BFGS keeps to the parameters that are trained") {
  Parameter a(tensor({2.0}, f64), "a"), b(tensor({2.0}, f64), "b");
  b.set_trainable(false);
  std::vector<Parameter*> both{&a, &b};
  const Lbfgs::Result result = Lbfgs{}.minimize(both, [&](Tape& tape) {
    const Var zero = tape.input(zeros({1}, f64));
    return sum(square(a.on(zero) - b.on(zero) + 1.0));
  });
  CHECK(result.converged);
  CHECK(a.value().item() == Approx(1.0));
  CHECK(b.value().item() == 2.0);
}

TEST_CASE("L-BFGS that fails leaves the parameters as they were") {
  Parameter x(tensor({2.0}, f64), "x");
  int calls = 0;
  const auto failing = [&](Tape& tape) -> Var {
    if (++calls == 3) throw ValueError("out of data");
    return sum(pow(x.on(tape.input(zeros({1}, f64))), 4.0));
  };
  CHECK_THROWS_WITH(Lbfgs{}.minimize(x, failing), "out of data");
  CHECK(same_bits(x.value(), tensor({2.0}, f64)));
  CHECK_THROWS_WITH(
      Lbfgs{}.minimize(
          x, [&](Tape& tape) { return sum(log(x.on(tape.input(zeros({1}, f64))) - 2.0)); }),
      ContainsSubstring("lbfgs: the loss at the start is -inf"));
  CHECK_THROWS_WITH(
      Lbfgs{}.minimize(x, [&](Tape& tape) { return sum(tape.variable(ones({1}, f64))); }),
      ContainsSubstring("lbfgs: 'x' got no gradient"));
  CHECK(same_bits(x.value(), tensor({2.0}, f64)));
}

TEST_CASE("L-BFGS says so if all parameters are frozen") {
  Parameter x(tensor({2.0}, f64), "x");
  x.set_trainable(false);
  CHECK_THROWS_WITH(
      Lbfgs{}.minimize(x, [&](Tape& tape) { return sum(x.on(tape.input(zeros({1}, f64)))); }),
      ContainsSubstring("of 1 parameters none is trainable; unfreeze some"));
}

TEST_CASE("L-BFGS ends when its iterations or its tolerance of the loss say so") {
  Parameter x(tensor({-1.2, 1.0}, f64), "x");
  const auto loss = [&](Tape& tape) { return rosenbrock(x.on(tape.input(zeros({1}, f64)))); };
  const Lbfgs::Result few = Lbfgs{{.iterations = 3}}.minimize(x, loss);
  CHECK_FALSE(few.converged);
  CHECK(few.iterations == 3);
  CHECK(few.reason == "the iterations are used up");
  Tape tape;
  CHECK(loss(tape).item() == few.loss);
  const Lbfgs::Result rough = Lbfgs{{.loss_tolerance = 0.5}}.minimize(x, loss);
  CHECK(rough.converged);
  CHECK(rough.reason == "the loss falls by less than its tolerance");
  CHECK_THROWS_AS(Lbfgs({.curvature = 1e-5}), ValueError);
  CHECK_THROWS_AS(Lbfgs({.memory = 0}), ValueError);
}
