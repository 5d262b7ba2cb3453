// SPDX-License-Identifier: MIT
// Gradients far beyond what float64 can hold, at the rates that theory gives.
#include <algorithm>
#include <cmath>
#include <vector>

#include <wengert/gradflow/jacobians.h>
#include <wengert/gradflow/quantile.h>
#include <wengert/gradflow/sensitivity.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>

#include "gradflow/brute_force.h"

namespace {

using namespace wengert;
using namespace wengert::test;

/// A permutation with signs times c: orthogonal to the last bit.
Tensor turned(std::size_t n, double c) {
  Tensor W = zeros({n, n}, f64);
  for (std::size_t i = 0; i < n; ++i)
    W.mutable_data<double>()[i * n + (i + 1) % n] = i % 2 ? -c : c;
  return W;
}

}  // namespace

TEST_CASE("a sigmoid net at its best loses ln 4 a step over 5000 steps, and nothing is lost") {
  const std::size_t n = 8, T = 5001;
  Parameter W(turned(n, 1.0), "W");
  Recorded net;
  Var h = net.tape.input(full({1, n}, 0.5, f64));
  const Tensor bias = neg(linear(h, W.on(h))).value().reshape({n});
  for (std::size_t t = 0; t < T; ++t) {
    h = wengert::sigmoid(linear(h, W.on(h), bias));
    net.h.push_back(h);
  }
  net.losses.push_back(select(sum(h, 0), 0, 3));
  const auto found = gradflow::credit(net.tape, net.h, net.losses);
  const gradflow::LedgerRow row = gradflow::ledger(net.tape, net.h, net.losses).of("W");
  for (const std::size_t lag : {100, 600, 5000}) {
    const double expected = -static_cast<double>(lag) * std::log(4.0);
    CHECK(found.credit.at(0, T - 1 - lag) == Approx(expected).epsilon(1e-9));
    // delta phi' times |h| = sqrt(8) / 2.
    CHECK(row.log_norm[T - 1 - lag] ==
          Approx(expected - std::log(4.0) + std::log(std::sqrt(8.0) / 2)).epsilon(1e-9));
    CHECK(std::abs(row.cosine[T - 1 - lag]) <= 1.0);
  }
  CHECK(found.flow.median[0] == found.credit.at(0, 0));
  CHECK(found.lags.half_life().value() == Approx(0.5).epsilon(1e-9));
  CHECK(found.lags.horizon(1e-6).value() == 10);
  CHECK(row.uses == T);
  const auto singular = gradflow::singular_values(net.tape, net.h, 2);
  CHECK(singular[0].log_largest == Approx(-5000 * std::log(4.0)).epsilon(1e-9));
  CHECK(singular[0].log_smallest == Approx(-5000 * std::log(4.0)).epsilon(1e-9));
  CHECK(singular[0].effective_rank == Approx(8.0).epsilon(1e-9));
}

TEST_CASE("a gradient that explodes to e^2000 is followed, and its ledger too") {
  const std::size_t n = 8, T = 5001;
  Parameter W(turned(n, std::exp(0.4)), "W");
  Parameter b(zeros({n}, f64), "b");
  Recorded net;
  Var h = net.tape.input(zeros({2, n}, f64));
  for (std::size_t t = 0; t < T; ++t) {
    h = linear(h, W.on(h), b.on(h));
    net.h.push_back(h);
  }
  net.losses.push_back(sum(h));
  const auto found = gradflow::credit(net.tape, net.h, net.losses);
  CHECK(found.credit.at(0, 0) == Approx(2000 + std::log(4.0)).epsilon(1e-9));
  CHECK(found.lags.doubling_time().value() == Approx(std::log(2.0) / 0.4).epsilon(1e-9));
  const gradflow::LedgerRow row = gradflow::ledger(net.tape, net.h, net.losses).of("b");
  CHECK(row.log_norm[0] == Approx(2000 + std::log(2 * std::sqrt(8.0))).epsilon(1e-9));
  CHECK(row.cosine[0] > 0.5);
}

TEST_CASE("a way that vanishes keeps its digits beside one that does not") {
  // Two nets side by side; only the first one's states are asked for.
  const std::size_t n = 4, T = 2001;
  Parameter W(turned(n, 0.3), "W");
  Recorded net;
  Var fast = net.tape.input(zeros({1, n}, f64)), slow = net.tape.variable(zeros({1, n}, f64));
  const Var context = 1.0 * slow;
  for (std::size_t t = 0; t < T; ++t) {
    slow = 1.0 * slow;
    fast = linear(fast, W.on(fast)) + 0.0 * slow;
    net.h.push_back(fast);
  }
  net.losses.push_back(sum(fast) + sum(slow) + sum(context));
  const auto found = gradflow::credit(net.tape, net.h, net.losses);
  CHECK(found.credit.at(0, 0) == Approx(2000 * std::log(0.3) + std::log(2.0)).epsilon(1e-9));
  const std::vector<Var> xs{context};
  CHECK(std::isfinite(gradflow::sensitivity(net.tape, net.h, net.losses, xs).at(0, 0)));
}

TEST_CASE("a quantile between minus infinity and a number is minus infinity") {
  const double none = -std::numeric_limits<double>::infinity();
  CHECK(gradflow::quantile({1.0, none}, 0.5) == none);
  CHECK(gradflow::quantile({1.0, none, 3.0}, 0.5) == 1.0);
  CHECK(gradflow::quantile({1.0, 2.0}, 0.25) == 1.25);
}

namespace {

enum class Weights { shared, fresh };

/// Factor a step of the gradient of a tanh net of random weights, from step `settled` on.
double mean_field_factor(Weights weights, double sigma_w, double sigma_b, std::size_t settled,
                         std::size_t lags, int draws) {
  const std::size_t n = 512;
  double sum_of_slopes = 0.0;
  for (int draw = 0; draw < draws; ++draw) {
    Rng rng{static_cast<std::uint64_t>(17 + draw)};
    Tensor W, b;
    Recorded net;
    Var h = gaussian(rng, {2, n}, 0.5);
    for (std::size_t t = 0; t <= settled + lags; ++t) {
      if (t == 0 || weights == Weights::fresh) {
        W = gaussian(rng, {n, n}, sigma_w / std::sqrt(512.0));
        b = gaussian(rng, {n}, sigma_b);
      }
      if (t == settled) h = net.tape.input(h.value());
      h = wengert::tanh(linear(h, W, b));
      if (t >= settled) net.h.push_back(h);
    }
    net.losses.push_back(wengert::sum(h * gaussian(rng, {2, n})));
    sum_of_slopes += gradflow::credit(net.tape, net.h, net.losses).lags.log_factor;
  }
  return std::exp(sum_of_slopes / draws);
}

struct MeanField {
  double sigma_w, sigma_b, factor;
};

}  // namespace

TEST_CASE("gradients of random tanh nets change by the mean-field factor") {
  for (const MeanField& at : {MeanField{0.9, 0, 0.9}, {1.5, 0, 1.0674}, {1, 0.3, 0.8368}}) {
    CAPTURE(at.sigma_w, at.sigma_b);
    CHECK(mean_field_factor(Weights::shared, at.sigma_w, at.sigma_b, 60, 30, 2) ==
          Approx(at.factor).epsilon(0.02));
  }
}

// The theory is of weights drawn anew at each step. With one matrix for all, as recurrent nets
// have, n = 512 is too few near the transition at sigma_w = 1: the net comes to rest on a stable
// orbit, where the factor is below 1 (0.971 and 0.981 for the second and third row).
TEST_CASE("the whole table of mean-field factors", "[.long]") {
  for (const MeanField& at : {MeanField{0.9, 0, 0.9},
                              {1, 0, 1},
                              {1.1, 0, 1.0051},
                              {1.5, 0, 1.0674},
                              {2, 0, 1.1673},
                              {1, 0.3, 0.8368},
                              {1.5, 0.3, 1.03}}) {
    CAPTURE(at.sigma_w, at.sigma_b);
    CHECK(mean_field_factor(Weights::fresh, at.sigma_w, at.sigma_b, 100, 50, 4) ==
          Approx(at.factor).epsilon(0.02));
    if (at.sigma_b == 0 && (at.sigma_w == 1 || at.sigma_w == 1.1)) continue;
    CHECK(mean_field_factor(Weights::shared, at.sigma_w, at.sigma_b, 300, 50, 6) ==
          Approx(at.factor).epsilon(0.02));
  }
}
