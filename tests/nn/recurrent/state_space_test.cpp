// SPDX-License-Identifier: MIT
// The Kalman filter against the dense Gaussian density of whole sequences.
#include <cmath>
#include <limits>
#include <numbers>
#include <span>
#include <vector>

#include <wengert/gradcheck/gradcheck.h>
#include <wengert/gradflow/study.h>
#include <wengert/nn/recurrent/state_space.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/wengert.h>

#include "../../catch.h"
#include "../distance.h"
#include "../lengths.h"

using namespace wengert;
using namespace wengert::nn_tests;
using Catch::Matchers::ContainsSubstring;

namespace {

LinearStateSpace::Values three_of_two() {
  return {.A = matrix({{0.9, 0.3, 0.0}, {-0.2, 0.8, 0.1}, {0.0, 0.4, 0.5}}, f64),
          .C = matrix({{1.0, 0.0, 0.5}, {0.3, -1.0, 0.2}}, f64),
          .Q = matrix({{0.5, 0.1, 0.0}, {0.1, 0.3, -0.1}, {0.0, -0.1, 0.2}}, f64),
          .R = tensor({0.4, 0.7}, f64),
          .m_0 = tensor({1.0, -0.5, 0.2}, f64),
          .P_0 = matrix({{1.0, 0.2, 0.1}, {0.2, 0.8, 0.0}, {0.1, 0.0, 0.6}}, f64)};
}

Tensor product(const Tensor& a, const Tensor& b, Transposed transposed = {}) {
  return matmul(a, b, transposed).value();
}

/// ln N(y; mean, covariance) by a Cholesky factor written out; 0 of nothing.
double log_normal(const std::vector<double>& off, std::vector<std::vector<double>> S) {
  double result = 0.0;
  std::vector<double> solved(off.size());
  for (std::size_t i = 0; i < off.size(); ++i) {
    solved[i] = off[i];
    for (std::size_t j = 0; j < i; ++j) {
      for (std::size_t k = 0; k < j; ++k) S[i][j] -= S[i][k] * S[j][k];
      S[i][j] /= S[j][j];
      S[i][i] -= S[i][j] * S[i][j];
      solved[i] -= S[i][j] * solved[j];
    }
    S[i][i] = std::sqrt(S[i][i]);
    solved[i] /= S[i][i];
    result -=
        0.5 * solved[i] * solved[i] + std::log(S[i][i]) + 0.5 * std::log(2 * std::numbers::pi);
  }
  return result;
}

/// The density of y [T, m] from the moments of (y_1 ... y_T), with nothing of the filter in it. Of
/// what is NaN the marginal is taken: its rows and columns are left out.
double dense(const LinearStateSpace::Values& v, const Tensor& y) {
  const std::size_t steps = y.shape()[0], m = y.shape()[1], all = steps * m;
  Tensor mean = v.m_0.reshape({-1, 1}), V = v.P_0;
  std::vector<double> off(all);
  std::vector<std::vector<double>> S(all, std::vector<double>(all));
  for (std::size_t s = 0; s < steps; ++s) {
    mean = product(v.A, mean);
    V = (Var(product(product(v.A, V), v.A, {.right = true})) + Var(v.Q)).value();
    const Tensor expected = product(v.C, mean);
    for (std::size_t i = 0; i < m; ++i)
      off[s * m + i] = y.at({Extent(s), Extent(i)}) - expected.at({Extent(i), 0});
    Tensor across = V;  // Cov(z_t, z_s) = A^(t - s) V_s
    for (std::size_t t = s; t < steps; ++t) {
      const Tensor block = product(product(v.C, across), v.C, {.right = true});
      for (std::size_t i = 0; i < m; ++i)
        for (std::size_t j = 0; j < m; ++j) {
          const double value =
              block.at({Extent(i), Extent(j)}) + (t == s && i == j ? v.R.at({Extent(i)}) : 0.0);
          S[t * m + i][s * m + j] = S[s * m + j][t * m + i] = value;
        }
      across = product(v.A, across);
    }
  }
  std::vector<std::size_t> seen;
  for (std::size_t i = 0; i < all; ++i)
    if (!std::isnan(off[i])) seen.push_back(i);
  std::vector<double> own;
  std::vector<std::vector<double>> block;
  for (const std::size_t i : seen) {
    own.push_back(off[i]);
    block.emplace_back();
    for (const std::size_t j : seen) block.back().push_back(S[i][j]);
  }
  return log_normal(own, block);
}

Tensor sequence(const Tensor& batch, std::size_t b, std::size_t steps) {
  return select(slice(Var(batch), 0, 0, static_cast<std::int64_t>(steps)), 1,
                static_cast<std::int64_t>(b))
      .value();
}

Var likelihood(const LinearStateSpace& model, const Var& y, const Tensor& mask = {}) {
  return log_likelihood(unroll(KalmanCell{model}, y, {.mask = mask}).states, mask);
}

/// The likelihood and a forecast as one number.
struct Filter {
  KalmanCell cell;
  Tensor mask = {};
  Var operator()(const Var& y) const {
    const auto run = unroll(cell, y, {.mask = mask});
    return mean(log_likelihood(run.states, mask)) + mean(square(cell.predicted(run.last).mean));
  }
  static void members(auto& self, auto&& visit) { visit("cell", self.cell); }
};

/// Draws from the model at coins that stay the same.
struct Drawn {
  LinearStateSpace model;
  Var operator()(const Var& on) const {
    Rng rng{4};
    const auto drawn = simulate(model, 5, 2, rng, on);
    return mean(square(drawn.y)) + mean(drawn.z * on);
  }
  static void members(auto& self, auto&& visit) { visit("model", self.model); }
};

}  // namespace

TEST_CASE("the filter's likelihood is the dense Gaussian density of the whole sequence") {
  Rng rng{3};
  const LinearStateSpace::Values values = three_of_two();
  const LinearStateSpace model{values};
  const std::size_t lengths[] = {12, 5, 1};
  const Tensor mask = sequence_mask(lengths);
  const Tensor y = simulate(model, 12, 3, rng).y.value();
  const Tensor whole = likelihood(model, y).value(), padded = likelihood(model, y, mask).value();
  for (std::size_t b = 0; b < 3; ++b) {
    CHECK(std::abs(whole.at({Extent(b)}) - dense(values, sequence(y, b, 12))) < 1e-10);
    CHECK(std::abs(padded.at({Extent(b)}) - dense(values, sequence(y, b, lengths[b]))) < 1e-10);
  }
}

namespace {

constexpr double gap = std::numeric_limits<double>::quiet_NaN();

/// y [T, batch, 2] with holes: single numbers, whole steps, the first and the last step of some.
Tensor with_gaps(Tensor y, Rng& rng) {
  const std::size_t steps = y.shape()[0], batch = y.shape()[1];
  const std::span<double> values = y.mutable_data<double>();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (rng.uniform() < 0.2) values[i] = gap;
  for (std::size_t i = 0; i < 2; ++i) {
    values[i] = gap;                                          // sequence 0, step 0
    values[(3 * batch + 1) * 2 + i] = gap;                    // sequence 1, step 3
    values[((steps - 1) * batch + batch - 1) * 2 + i] = gap;  // the last sequence's end
  }
  return y;
}

}  // namespace

TEST_CASE("with missing observations the likelihood is the dense density of those that were made") {
  Rng rng{3};
  const LinearStateSpace::Values values = three_of_two();
  const LinearStateSpace model{values};
  const std::size_t lengths[] = {12, 9, 12, 5};
  const Tensor mask = sequence_mask(lengths);
  const Tensor y = with_gaps(simulate(model, 12, 4, rng).y.value(), rng);
  const Tensor whole = likelihood(model, y).value(), padded = likelihood(model, y, mask).value();
  for (std::size_t b = 0; b < 4; ++b) {
    CHECK(std::abs(whole.at({Extent(b)}) - dense(values, sequence(y, b, 12))) < 1e-10);
    CHECK(std::abs(padded.at({Extent(b)}) - dense(values, sequence(y, b, lengths[b]))) < 1e-10);
  }
}

TEST_CASE("a step of which nothing was observed is the prediction alone") {
  Rng rng{3};
  const KalmanCell cell{LinearStateSpace{three_of_two()}};
  const Tensor y = rng.normal({2, 2}, f64);
  const KalmanState before = cell(y, cell.initial(y)), expected = cell.predicted(before);
  const KalmanState after = cell(full({2, 2}, gap, f64), before);
  CHECK(distance(after.mean.value(), expected.mean.value()) == 0.0);
  CHECK(distance(after.covariance.value(), expected.covariance.value()) == 0.0);
  CHECK(distance(after.log_density.value(), zeros({2}, f64)) == 0.0);
}

TEST_CASE("with missing observations every gradient is that of the dense density") {
  Rng rng{3};
  const LinearStateSpace::Values values = three_of_two();
  KalmanCell cell{LinearStateSpace{values}};
  const Tensor y = with_gaps(simulate(cell.model, 6, 2, rng).y.value(), rng);
  Tape tape;
  const Var seen = tape.variable(y);
  const Gradients found = tape.backward(sum(log_likelihood(unroll(cell, seen).states)));
  const auto check = [&](Tensor LinearStateSpace::Values::*member, const Tensor& gradient) {
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const auto at = [&](double change) {
        LinearStateSpace::Values moved = values;
        (moved.*member).mutable_data<double>()[i] += change;
        return dense(moved, sequence(y, 0, 6)) + dense(moved, sequence(y, 1, 6));
      };
      const double slope = (8 * (at(1e-3) - at(-1e-3)) - (at(2e-3) - at(-2e-3))) / 12e-3;
      CHECK(gradient.data<double>()[i] == Approx(slope).epsilon(1e-7).margin(1e-8));
    }
  };
  check(&LinearStateSpace::Values::A, found[cell.model.A].value());
  check(&LinearStateSpace::Values::C, found[cell.model.C].value());
  check(&LinearStateSpace::Values::m_0, found[cell.model.m_0].value());
  const Tensor by_R = (Var(found[cell.model.log_R].value()) / Var(values.R)).value();
  check(&LinearStateSpace::Values::R, by_R);
  const Tensor by_y = found[seen].value();
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double gradient = by_y.data<double>()[i];
    CHECK(std::isfinite(gradient));
    if (std::isnan(y.data<double>()[i])) CHECK(gradient == 0.0);
  }
}

TEST_CASE("a filter's states but the last can be studied, with missing observations too") {
  Rng rng{3};
  const KalmanCell cell{LinearStateSpace{three_of_two()}};
  const Tensor whole = simulate(cell.model, 8, 2, rng).y.value();
  for (const Tensor& y : {whole, with_gaps(whole, rng)}) {
    Tape tape;
    const auto run = unroll(cell, tape.input(y));
    const Var loss = -mean(log_likelihood(run.states));
    const std::span<const Var> means(run.h);
    CHECK(gradflow::study(tape, means.first(7), loss).steps == 7);
    CHECK_THROWS_WITH(gradflow::study(tape, means, loss),
                      ContainsSubstring("list the first 7 states only"));
  }
}

TEST_CASE("a covariance without full rank is taken as it is, exactly") {
  Rng rng{3};
  LinearStateSpace::Values values = three_of_two();
  values.Q = matrix({{0.5, 0, 0}, {0, 0, 0}, {0, 0, 0}}, f64);
  values.P_0 = matrix({{1, 2, 0}, {2, 4, 0}, {0, 0, 0}}, f64);
  const LinearStateSpace model{values};
  CHECK(distance(model.Q({}).value(), values.Q) < 1e-15);
  CHECK(distance(model.P_0({}).value(), values.P_0) < 1e-14);
  const Tensor y = simulate(model, 9, 1, rng).y.value();
  CHECK(std::abs(likelihood(model, y).value().item() - dense(values, sequence(y, 0, 9))) < 1e-10);
}

TEST_CASE(
    "the filter's covariance stays symmetric bit by bit and does not depend on what is seen") {
  Rng rng{3};
  const KalmanCell cell{LinearStateSpace{three_of_two()}};
  const Tensor y = simulate(cell.model, 50, 2, rng).y.value();
  const Tensor P = unroll(cell, y).last.covariance.value();
  CHECK(distance(P, transpose(Var(P)).value()) < 1e-16);
  CHECK(distance(P[0], P[1]) < 1e-16);
}

TEST_CASE("simulated states have the moments that the model says") {
  Rng rng{5};
  const LinearStateSpace::Values v = three_of_two();
  const std::size_t count = 40000;
  const auto drawn = simulate(LinearStateSpace{v}, 2, count, rng);
  Tensor expected = v.P_0;
  for (int t = 0; t < 2; ++t)
    expected = (Var(product(product(v.A, expected), v.A, {.right = true})) + Var(v.Q)).value();
  const Tensor mean_z = product(v.A, product(v.A, v.m_0.reshape({3, 1}))).reshape({3});
  const Var z = select(drawn.z, 0, 1), off = z - Var(mean_z);
  const double n = static_cast<double>(count);
  CHECK(distance(mean(z, 0).value(), mean_z) < 4 * std::sqrt(2.0 / n));
  CHECK(distance((matmul(off, off, {.left = true}) / n).value(), expected) <
        5 * 2.0 * std::sqrt(2.0 / n));
  const Var v_noise = select(drawn.y, 0, 1) - linear(z, Var(v.C));
  CHECK(distance(mean(square(v_noise), 0).value(), v.R) < 5 * std::sqrt(2.0 / n));
}

TEST_CASE("the likelihood has the gradient it claims in every parameter, masked or not") {
  Rng rng{3};
  for (const std::size_t steps : checked_lengths) {
    const std::size_t lengths[] = {steps, (steps + 1) / 2};
    const LinearStateSpace model{three_of_two()};
    const Tensor y = simulate(model, steps, 2, rng).y.value();
    for (const Tensor& mask : {Tensor{}, sequence_mask(lengths)}) {
      const CheckReport report = gradcheck(Filter{{model}, mask}, {y});
      INFO("T = " << steps << (mask.defined() ? ", masked\n" : "\n") << to_string(report));
      CHECK(report.agrees());
    }
  }
}

TEST_CASE("gradients go through simulated sequences to the model that they were drawn from") {
  Rng rng{3};
  const CheckReport report = gradcheck(Drawn{LinearStateSpace{3, 2, rng}}, {rng.normal({1})});
  INFO(to_string(report));
  CHECK(report.agrees());
}

TEST_CASE("trained by gradient, a state-space model is as likely as the one that made the data") {
  Rng rng{2};
  const LinearStateSpace truth{{.A = matrix({{0.95, 0.25}, {-0.25, 0.85}}, f64),
                                .C = matrix({{1.0, 0.5}}, f64),
                                .Q = matrix({{0.2, 0.0}, {0.0, 0.1}}, f64),
                                .R = tensor({0.3}, f64),
                                .m_0 = tensor({0, 0}, f64),
                                .P_0 = matrix({{1, 0}, {0, 1}}, f64)}};
  const Tensor seen = simulate(truth, 30, 48, rng).y.value();
  const Tensor fresh = simulate(truth, 30, 400, rng).y.value();
  Filter trained{{LinearStateSpace{2, 1, rng}}};
  to(trained, f64);
  const auto of = [](const LinearStateSpace& model, const Tensor& y) {
    return likelihood(model, y);
  };
  const double before = sum(of(trained.cell.model, seen)).item() - sum(of(truth, seen)).item();
  Adam adam{{.rate = 0.02}};
  for (int step = 0; step < 400; ++step) {
    Tape tape;
    const auto run = unroll(trained.cell, tape.input(seen));
    adam.update(trained, tape.backward(-mean(log_likelihood(run.states))));
  }
  // Of the 15 trained numbers a change of basis in z leaves 11, so the maximum lies about 5.5 nats
  // above the truth on what it was found on, and as many below it on as much fresh data: over 32
  // seeds 1.4 to 16.4 (mean 5.7) and 1.2 to 19.6.
  const double gain = sum(of(trained.cell.model, seen)).item() - sum(of(truth, seen)).item();
  INFO("before " << before << ", gain on what was seen " << gain);
  CHECK(gain > 0.0);
  CHECK(gain < 20.0);
  CHECK(before < -400.0);
  const Var lost = of(truth, fresh) - of(trained.cell.model, fresh);
  const double error = wengert::std(lost, {}, Keep::no, 1).item() / std::sqrt(400.0);
  INFO("lost on fresh sequences, each " << mean(lost).item() << " +- " << error);
  CHECK(mean(lost).item() < 20.0 / 48.0 + 2 * error);
}

TEST_CASE("a state-space model refuses values that are none") {
  const auto with = [](auto change) {
    LinearStateSpace::Values values = three_of_two();
    change(values);
    return LinearStateSpace{values};
  };
  using Values = LinearStateSpace::Values;
  CHECK_THROWS_WITH(with([](Values& v) { v.Q.mutable_data<double>()[1] = 9; }),
                    ContainsSubstring("Q is a covariance, but not symmetric"));
  CHECK_THROWS_WITH(with([](Values& v) { v.P_0.mutable_data<double>()[0] = -1; }),
                    ContainsSubstring("P_0 is a covariance, but has the eigenvalue -1."));
  CHECK_THROWS_WITH(with([](Values& v) { v.R.mutable_data<double>()[1] = 0; }),
                    ContainsSubstring("the least is 0"));
  CHECK_THROWS_WITH(with([](Values& v) { v.m_0 = zeros({2}, f64); }),
                    ContainsSubstring("m_0 is [3] for this A and C, got [2]"));
  CHECK_THROWS_AS(with([](Values& v) { v.C = v.C.to(f32); }), DTypeError);
  CHECK_THROWS_AS(with([](Values& v) { v.A = zeros({3, 2}, f64); }), ShapeError);
  Rng rng{1};
  CHECK_THROWS_AS((LinearStateSpace{0, 2, rng}), ValueError);
  const LinearStateSpace model{three_of_two()};
  CHECK_THROWS_AS(simulate(model, 0, 2, rng), ValueError);
  CHECK_THROWS_WITH(unroll(KalmanCell{model}, zeros({4, 2, 3}, f64)),
                    ContainsSubstring("observation is [batch, 2], got [2, 3]"));
}
