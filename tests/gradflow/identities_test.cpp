// SPDX-License-Identifier: MIT
// Nets whose gradients are known in closed form.
#include <cmath>
#include <vector>

#include <Eigen/Dense>

#include <wengert/gradflow/credit.h>
#include <wengert/gradflow/jacobians.h>
#include <wengert/gradflow/ledger.h>
#include <wengert/gradflow/recurrent_matrix.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/linalg.h>

#include "gradflow/brute_force.h"

namespace {

using namespace wengert;
using namespace wengert::test;
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Matrix eigen(const Tensor& tensor) {
  return Eigen::Map<const Matrix>(tensor.data<double>().data(),
                                  static_cast<Eigen::Index>(tensor.shape()[0]),
                                  static_cast<Eigen::Index>(tensor.shape()[1]));
}
Tensor tensor(const Matrix& matrix) {
  return Tensor::from(
      std::span<const double>(matrix.data(), static_cast<std::size_t>(matrix.size())),
      {static_cast<std::size_t>(matrix.rows()), static_cast<std::size_t>(matrix.cols())});
}
/// Orthogonal to rounding in float64.
Matrix orthogonal_matrix(std::size_t n, Rng& rng) {
  const Matrix random = eigen(gaussian(rng, {n, n}));
  const Eigen::HouseholderQR<Matrix> qr(random);
  return qr.householderQ() * Matrix::Identity(random.rows(), random.cols());
}

enum class Phi { none, tanh, sigmoid };

/// h_t = phi(W h_{t-1} + b) from `first` on, without inputs.
struct Autonomous : Recorded {
  Autonomous(const Tensor& matrix, const Tensor& bias, const Tensor& first, std::size_t steps,
             Phi phi)
      : W(matrix, "W") {
    Var state = tape.variable(first);
    for (std::size_t t = 0; t < steps; ++t) {
      a.push_back(linear(state, W.on(state), bias));
      state = phi == Phi::tanh      ? wengert::tanh(a.back())
              : phi == Phi::sigmoid ? wengert::sigmoid(a.back())
                                    : 1.0 * a.back();
      h.push_back(state);
    }
  }
  Parameter W;
  std::vector<Var> a = {};
};

}  // namespace

TEST_CASE("a linear net has the gradient of the lecture, the transposed power times the error") {
  Rng rng{1};
  const std::size_t n = 5, T = 20;
  const Tensor first = gaussian(rng, {1, n});
  Autonomous net(gaussian(rng, {n, n}, 0.4), zeros({n}, f64), first, T, Phi::none);
  const Tensor y = gaussian(rng, {1, n});
  net.losses.push_back(0.5 * sum(square(net.h.back() - y)));
  const auto credit = gradflow::credit(net.tape, net.h, net.losses).credit;
  const gradflow::LedgerRow ledger = gradflow::ledger(net.tape, net.h, net.losses).of("W");
  const Matrix W = eigen(net.W.value());
  Matrix delta = (eigen(net.h.back().value()) - eigen(y)).transpose();
  Matrix total = Matrix::Zero(n, n);
  for (std::size_t t = T; t-- > 0;) {
    CHECK(std::exp(credit.at(0, t)) == Approx(delta.norm()).epsilon(1e-13));
    const Matrix part = delta * eigen(t > 0 ? net.h[t - 1].value() : first);
    CHECK(std::exp(ledger.log_norm[t]) == Approx(part.norm()).epsilon(1e-13));
    total += part;
    delta = Matrix(W.transpose() * delta);
  }
  CHECK((eigen(ledger.total) - total).norm() <= 1e-13 * total.norm());
}

TEST_CASE("tanh at its zero fixed point has the matrix power for its Jacobian") {
  Rng rng{2};
  const std::size_t n = 6, T = 31;
  Autonomous net(gaussian(rng, {n, n}, 0.5), zeros({n}, f64), zeros({1, n}, f64), T, Phi::tanh);
  Matrix power = Matrix::Identity(n, n);
  for (std::size_t t = 1; t < T; ++t) power = Matrix(power * eigen(net.W.value()));
  const Tensor found = jacobian(net.h.back(), net.h.front());
  CHECK((eigen(found.reshape({n, n})) - power).norm() <= 1e-12 * power.norm());
  // The instruments see the same.
  const auto values = gradflow::singular_values(net.tape, net.h);
  const Eigen::VectorXd sigma = Eigen::JacobiSVD<Eigen::MatrixXd>(power).singularValues();
  CHECK(values.front().step == 0);
  CHECK(std::exp(values.front().log_largest - std::log(sigma(0))) == Approx(1.0).epsilon(1e-12));
  CHECK(std::exp(gradflow::path_split(net.tape, net.h).log_whole[T - 1]) ==
        Approx(power.norm() / std::sqrt(6.0)).epsilon(1e-12));
}

TEST_CASE("a sigmoid net with 4 Q keeps the norm, with c Q it decays at c / 4") {
  Rng rng{3};
  for (const double c : {4.0, 3.0, 1.0}) {
    const Matrix W = c * orthogonal_matrix(6, rng);
    const Matrix bias = -W * Matrix::Constant(6, 1, 0.5);
    Autonomous net(tensor(W), tensor(bias).reshape({6}), full({1, 6}, 0.5, f64), 200, Phi::sigmoid);
    net.losses.push_back(sum(net.h.back() * gaussian(rng, {1, 6})));
    const auto credit = gradflow::credit(net.tape, net.h, net.losses).credit;
    for (const std::size_t lag : {1, 20, 199})
      CHECK(std::abs(credit.at(0, 199 - lag) - credit.at(0, 199) -
                     static_cast<double>(lag) * std::log(c / 4)) <= 1e-12);
  }
}

TEST_CASE("the norm of an orthogonal linear net's gradient is alpha to the lag, over 1000 steps") {
  Rng rng{4};
  for (const double alpha : {0.9, 1.0, 1.1}) {
    Autonomous net(tensor(alpha * orthogonal_matrix(8, rng)), zeros({8}, f64), zeros({1, 8}, f64),
                   1001, Phi::none);
    net.losses.push_back(sum(net.h.back() * gaussian(rng, {1, 8})));
    const auto found = gradflow::credit(net.tape, net.h, net.losses);
    const auto ratio = [&](std::size_t lag) {
      return found.credit.at(0, 1000 - lag) - found.credit.at(0, 1000);
    };
    // 1e-12 of the norm, not of its logarithm.
    CHECK(std::abs(ratio(1000) - 1000 * std::log(alpha)) <= 1e-12);
    if (alpha == 0.9) {
      CHECK(std::exp(ratio(100)) == Approx(2.656e-5).epsilon(1e-4));
      CHECK(found.lags.half_life().value() ==
            Approx(std::log(2.0) / -std::log(alpha)).epsilon(1e-10));
    }
    if (alpha == 1.1) {
      CHECK(std::exp(ratio(100)) == Approx(13780.6).epsilon(1e-6));
      CHECK_FALSE(found.lags.half_life().has_value());
      CHECK(found.lags.doubling_time().value() ==
            Approx(std::log(2.0) / std::log(alpha)).epsilon(1e-10));
    }
  }
}

TEST_CASE("no gradient is above the product of slopes and largest singular value") {
  Rng rng{5};
  for (const double gain : {0.5, 1.0, 2.0}) {
    Autonomous net(gaussian(rng, {5, 5}, gain), gaussian(rng, {5}), gaussian(rng, {1, 5}), 25,
                   Phi::tanh);
    for (const Var& h : net.h) net.losses.push_back(sum(square(h)));
    const auto credit = gradflow::credit(net.tape, net.h, net.losses).credit;
    const double sigma = gradflow::examine(net.W.value()).largest_singular;
    for (std::size_t s = 0; s < 25; ++s) {
      double bound = credit.at(s, s);
      for (std::size_t t = s; t-- > 0;) {
        double steepest = 0.0;
        for (const double h : net.h[t + 1].value().data<double>())
          steepest = std::max(steepest, 1.0 - h * h);
        bound += std::log(steepest * sigma);
        CHECK(credit.at(s, t) <= bound + 1e-12);
      }
    }
  }
}

TEST_CASE("the Lyapunov exponents add up to the determinants, at finite T") {
  Rng rng{6};
  const std::size_t n = 5, T = 40;
  for (const std::size_t batch : {1, 3}) {
    Autonomous net(gaussian(rng, {n, n}, 1.5), gaussian(rng, {n}), gaussian(rng, {batch, n}), T,
                   Phi::tanh);
    const auto spectrum = gradflow::lyapunov(net.tape, net.h);
    double slopes = 0.0;
    for (std::size_t t = 1; t < T; ++t)
      for (const double a : net.a[t].value().data<double>())
        slopes -= 2.0 * std::log(std::cosh(a)) / static_cast<double>(batch);
    const double matrix = std::log(std::abs(eigen(net.W.value()).determinant()));
    REQUIRE(spectrum.steps == T - 1);
    CHECK(spectrum.sum * static_cast<double>(T - 1) ==
          Approx(static_cast<double>(T - 1) * matrix + slopes).epsilon(1e-10));
  }
}

TEST_CASE("the Lyapunov exponents of a linear net are its eigenvalues, 0 if it is orthogonal") {
  Rng rng{7};
  const Matrix Q = orthogonal_matrix(4, rng);
  SECTION("orthogonal") {
    Autonomous net(tensor(Q), zeros({4}, f64), gaussian(rng, {2, 4}), 50, Phi::none);
    for (const double exponent : gradflow::lyapunov(net.tape, net.h).exponents)
      CHECK(std::abs(exponent) <= 1e-14);
  }
  SECTION("normal, with known eigenvalues in axes that are turned") {
    const Eigen::Vector4d lambda(1.2, 0.9, 0.5, -0.2);
    const Matrix W = Q * lambda.asDiagonal() * Q.transpose();
    const auto exponents = [&](std::size_t steps) {
      Autonomous net(tensor(W), zeros({4}, f64), zeros({1, 4}, f64), steps + 1, Phi::none);
      return gradflow::lyapunov(net.tape, net.h).exponents;
    };
    const auto shorter = exponents(300), longer = exponents(600);
    // The turn from the axes in the beginning adds a constant; between two lengths it is gone.
    for (std::size_t i = 0; i < 4; ++i)
      CHECK((600 * longer[i] - 300 * shorter[i]) / 300 ==
            Approx(std::log(std::abs(lambda(static_cast<Eigen::Index>(i))))).margin(1e-10));
  }
}

TEST_CASE("the half-life of a linear net is ln 2 / -ln rho") {
  Rng rng{8};
  Autonomous net(tensor(0.85 * orthogonal_matrix(7, rng)), zeros({7}, f64), zeros({2, 7}, f64), 60,
                 Phi::none);
  for (const Var& h : net.h) net.losses.push_back(sum(h * gaussian(rng, {2, 7})));
  const auto lags = gradflow::credit(net.tape, net.h, net.losses).lags;
  CHECK(lags.half_life().value() == Approx(std::log(2.0) / -std::log(0.85)).epsilon(1e-10));
  CHECK(lags.horizon(1e-2).value() == 29);  // 0.85^28 = 0.0106, 0.85^29 = 0.0090
  CHECK_FALSE(lags.horizon(1e-6).has_value());
  CHECK(lags.median.size() == 60);
  CHECK(lags.samples.front() == 60);
  CHECK(lags.samples.back() == 1);
}

TEST_CASE("singular values are those of the brute-force Jacobian") {
  Rng rng{9};
  const std::size_t n = 5, T = 9;
  Autonomous net(gaussian(rng, {n, n}, 0.6), gaussian(rng, {n}, 0.3), gaussian(rng, {1, n}), T,
                 Phi::tanh);
  const auto found = gradflow::singular_values(net.tape, net.h);
  REQUIRE(found.size() == T - 1);
  for (std::size_t t = 0; t + 1 < T; ++t) {
    const Matrix whole = eigen(jacobian(net.h.back(), net.h[t]).reshape({n, n}));
    const Eigen::VectorXd sigma = Eigen::JacobiSVD<Eigen::MatrixXd>(whole).singularValues();
    REQUIRE(found[t].step == t);
    CHECK(std::exp(found[t].log_largest) == Approx(sigma(0)).epsilon(1e-10));
    CHECK(std::exp(found[t].log_median) == Approx(sigma(2)).epsilon(1e-10));
    if (sigma(4) > 1e-5 * sigma(0))
      CHECK(std::exp(found[t].log_smallest) == Approx(sigma(4)).epsilon(1e-10));
    CHECK(found[t].effective_rank ==
          Approx(sigma.sum() * sigma.sum() / sigma.squaredNorm()).epsilon(1e-10));
  }
  const auto three = gradflow::singular_values(net.tape, net.h, 3);
  REQUIRE(three.size() == 3);
  CHECK(three.front().step == 0);
  CHECK(three.back().step == T - 2);
}

TEST_CASE("bound, rate and departure from normality of known matrices") {
  Rng rng{10};
  SECTION("orthogonal") {
    const auto found = gradflow::examine(tensor(3.0 * orthogonal_matrix(9, rng)), "W");
    CHECK(found.parameter == "W");
    CHECK(found.spectral_radius == Approx(3.0).epsilon(1e-13));
    CHECK(found.largest_singular == Approx(3.0).epsilon(1e-13));
    CHECK(found.smallest_singular == Approx(3.0).epsilon(1e-13));
    CHECK(found.gain == Approx(3.0).epsilon(1e-13));
    CHECK(found.non_normality <= 1e-13);
  }
  SECTION("a Jordan block") {
    Matrix J = 0.5 * Matrix::Identity(6, 6);
    for (Eigen::Index i = 0; i < 5; ++i) J(i, i + 1) = 1.0;
    const auto found = gradflow::examine(tensor(J));
    CHECK(found.spectral_radius == Approx(0.5).epsilon(1e-13));
    CHECK(found.largest_singular > 1.3);
    CHECK(found.non_normality == Approx(std::sqrt(5.0 / (6 * 0.25 + 5))).epsilon(1e-13));
  }
  SECTION("pairs of complex eigenvalues, 0.3 + 0.4 i, and a shear") {
    Matrix W(3, 3);
    W << 0.3, -0.4, 2.0, 0.4, 0.3, 0.0, 0.0, 0.0, -0.1;
    const auto found = gradflow::examine(tensor(W));
    CHECK(found.spectral_radius == Approx(0.5).epsilon(1e-13));
    const double whole = W.squaredNorm();
    CHECK(found.non_normality ==
          Approx(std::sqrt((whole - 2 * 0.25 - 0.01) / whole)).epsilon(1e-13));
  }
  SECTION("zeros") {
    const auto found = gradflow::examine(zeros({3, 3}));
    CHECK(found.spectral_radius == 0.0);
    CHECK(found.non_normality == 0.0);
  }
}

TEST_CASE("a Gaussian matrix is bounded by 2 sigma, but its gradients fall with sigma") {
  Rng rng{11};
  const std::size_t n = 512, T = 41;
  const double sigma = 0.8;
  const Tensor W = gaussian(rng, {n, n}, sigma / std::sqrt(512.0));
  const auto matrix = gradflow::examine(W);
  CHECK(matrix.largest_singular == Approx(2 * sigma).epsilon(0.02));
  CHECK(matrix.spectral_radius == Approx(sigma).epsilon(0.05));
  CHECK(matrix.gain == Approx(sigma).epsilon(0.01));
  Autonomous net(W, zeros({n}, f64), zeros({4, n}, f64), T, Phi::none);
  net.losses.push_back(sum(net.h.back() * gaussian(rng, {4, n})));
  const auto lags = gradflow::credit(net.tape, net.h, net.losses).lags;
  CHECK(std::exp(lags.log_factor) == Approx(sigma).epsilon(0.02));
}
