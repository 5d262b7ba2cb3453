// SPDX-License-Identifier: MIT
// What is known exactly about variational autoencoders and adversarial nets.
#include <cmath>
#include <numbers>

#include <wengert/nn/vae.h>
#include <wengert/wengert.h>

#include "catch.h"
#include "same_bits.h"

using namespace wengert;

namespace {

/// ln N(x; mean, e^log_variance), summed over the last axis.
Var log_normal(const Var& x, const Var& mean, const Var& log_variance) {
  return sum(-0.5 * (square(x - mean) * exp(-log_variance) + log_variance +
                     std::log(2 * std::numbers::pi)),
             -1);
}

}  // namespace

TEST_CASE("the closed form of KL(q || N(0, 1)) is what sampling gives, within four errors") {
  Rng rng{5};
  const Tensor mean_of_q = rng.normal({1, 6}, f64);
  const Tensor log_variance = rng.normal({1, 6}, f64);
  const double closed = kl_to_standard_normal(mean_of_q, log_variance).item();
  const std::size_t n = 200'000;
  const Var z = mean_of_q + exp(0.5 * Var(log_variance)) * rng.normal({n, 6}, f64);
  const Tensor sampled = (log_normal(z, mean_of_q, log_variance) -
                          log_normal(z, zeros({1, 6}, f64), zeros({1, 6}, f64)))
                             .value();
  const Estimate estimate = mean_of(sampled.data<double>());
  CHECK(std::abs(estimate.value - closed) < 4 * estimate.error);
  CHECK(estimate.error < 0.01 * closed);
}

TEST_CASE("the VAE's loss has the gradient it claims, in all its parameters") {
  Rng rng{2};
  Vae vae{6, 5, 3, rng};
  const Tensor x = rng.uniform({4, 6});
  Rng noise{9};
  Tape tape;
  const auto [reconstruction, divergence] = vae.loss(tape.input(x), noise);
  const CheckReport report = check_tape(tape, reconstruction + divergence);
  INFO(to_string(report));
  CHECK(report.verdict == Verdict::agree);
}

TEST_CASE("the reparameterised gradient is that of the expectation") {
  // d/dm E (m + s e)^2 = 2 m and d/ds = 2 s, exactly.
  Rng rng{3};
  Tape tape;
  const Var m = tape.variable(full({1}, 0.7, f64)), s = tape.variable(full({1}, 1.3, f64));
  const Var noise = tape.input(rng.normal({400'000}, f64));
  const Gradients gradients = tape.backward(mean(square(m + s * noise)));
  // Standard deviations of 2 (m + s e) and 2 (m + s e) e over 400,000 draws.
  CHECK(std::abs(gradients[m].item() - 1.4) < 4 * 2 * 1.3 / std::sqrt(4e5));
  CHECK(std::abs(gradients[s].item() - 2.6) < 4 * 5.0 / std::sqrt(4e5));
}

TEST_CASE("the two generator losses differ by e^a in their gradients") {
  for (const double a : {-10.0, -3.0, 0.0, 2.5}) {
    Tape tape;
    const Var logit = tape.variable(full({1}, a, f64));
    const double minimax = tape.backward(log_sigmoid(-logit))[logit].item();
    const double non_saturating = tape.backward(-log_sigmoid(logit))[logit].item();
    const double s = 1 / (1 + std::exp(-a));
    CHECK(minimax == Approx(-s).epsilon(1e-12));
    CHECK(non_saturating == Approx(-1 / (1 + std::exp(a))).epsilon(1e-12));
    CHECK(minimax / non_saturating == Approx(std::exp(a)).epsilon(1e-12));
  }
}

TEST_CASE("a generator step leaves the discriminator's weights untouched") {
  Rng rng{1};
  Sequential G{Linear{2, 8, rng}, wengert::relu, Linear{8, 2, rng}};
  Sequential D{Linear{2, 8, rng}, wengert::relu, Linear{8, 1, rng}};
  Adam adam_g;
  std::vector<Tensor> before;
  for (const Parameter* parameter : parameters(D)) before.push_back(parameter->value());
  const Tensor weight = G.get<0>().weight.value();
  Tape tape;
  const Var loss = -mean(log_sigmoid(D(G(tape.input(rng.normal({16, 2}))))));
  const Gradients gradients = tape.backward(loss, parameters(G));
  CHECK(gradients.find(D.get<0>().weight) == nullptr);
  adam_g.update(G, gradients);
  CHECK_FALSE(same_bits(weight, G.get<0>().weight.value()));
  const auto after = parameters(D);
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(same_bits(before[i], after[i]->value()));
}

TEST_CASE(
    "the best discriminator of two known Gaussians is ln p/q, and V is -ln 4 where they agree") {
  // p = N(1, 1) and q = N(m, 1): ln p/q is linear in x, so one linear unit is the optimum.
  for (const double m : {1.0, 0.0}) {
    Rng rng{11};
    const std::size_t n = 40'000;
    const Tensor real = (1 + Var(rng.normal({n, 1}, f64))).value();
    const Tensor fake = (m + Var(rng.normal({n, 1}, f64))).value();
    Parameter slope(zeros({1, 1}, f64), "slope"), shift(zeros({1}, f64), "shift");
    const auto value = [&](Tape& tape) {
      const auto logit = [&](const Tensor& x) {
        const Var on = tape.input(x);
        return linear(on, slope.on(on), shift.on(on));
      };
      return mean(log_sigmoid(logit(real))) + mean(log_sigmoid(-logit(fake)));
    };
    double v = 0;
    for (int step = 0; step < 400; ++step) {  // concave: plain ascent finds the one optimum
      Tape tape;
      const Var now = value(tape);
      const Gradients gradients = tape.backward(now);
      v = now.item();
      slope.set((Var(slope.value()) + gradients[slope]).value());
      shift.set((Var(shift.value()) + gradients[shift]).value());
    }
    // ln p/q = (1 - m) x + (m^2 - 1) / 2; the errors are those of logistic regression on 2 n
    // points.
    CHECK(slope.value().item() == Approx(1 - m).margin(0.06));
    CHECK(shift.value().item() == Approx((m * m - 1) / 2).margin(0.06));
    if (m == 1.0) {
      CHECK(v == Approx(-std::log(4.0)).margin(1e-3));
    } else {
      // -ln 4 + 2 JSD(p, q), the divergence by quadrature.
      const auto density = [](double x, double centre) {
        return std::exp(-0.5 * (x - centre) * (x - centre)) / std::sqrt(2 * std::numbers::pi);
      };
      double known = 0;
      for (int i = 0; i < 24'000; ++i) {
        const double x = -11.5 + 1e-3 * (i + 0.5);
        const double p = density(x, 1), q = density(x, 0);
        known += 1e-3 * (p * std::log(p / (p + q)) + q * std::log(q / (p + q)));
      }
      CHECK(v == Approx(known).margin(0.01));
      CHECK(known > -std::log(4.0));
    }
  }
}
