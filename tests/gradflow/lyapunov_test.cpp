// SPDX-License-Identifier: MIT
// Lyapunov exponents of systems whose exponents are known, each written as a user would: states in
// a loop on a tape.
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include <wengert/gradflow/jacobians.h>
#include <wengert/graph/rng.h>
#include <wengert/graph/tape.h>
#include <wengert/ops/arithmetic.h>
#include <wengert/ops/elementwise.h>
#include <wengert/ops/layout.h>

#include "catch.h"

namespace {

using namespace wengert;

/// The exponents of orbits of `steps` steps, after `settle` steps that are not looked at.
template <class Map>
gradflow::LyapunovSpectrum spectrum(const Map& map, const Tensor& first, std::size_t settle,
                                    std::size_t steps) {
  Var state = first;
  for (std::size_t t = 0; t < settle; ++t) state = map(state);
  Tape tape;
  state = tape.input(state.value());
  std::vector<Var> states{state};
  for (std::size_t t = 0; t < steps; ++t) states.push_back(state = map(state));
  gradflow::LyapunovSpectrum whole = gradflow::lyapunov(tape, states);
  // The last tenth alone holds the turn of the directions into place: without it no constant is
  // left over T.
  const std::size_t tenth = steps / 10;
  const auto last = gradflow::lyapunov(tape, std::span(states).last(tenth + 1));
  const double all = static_cast<double>(steps), some = static_cast<double>(tenth);
  for (std::size_t i = 0; i < whole.exponents.size(); ++i)
    whole.exponents[i] = (all * whole.exponents[i] - some * last.exponents[i]) / (all - some);
  return whole;
}

Var logistic(const Var& x) { return 4.0 * x * (1.0 - x); }

Var henon(const Var& state) {
  const Var x = select(state, 1, 0), y = select(state, 1, 1);
  return stack({1.0 - 1.4 * square(x) + y, 0.3 * x}, 1);
}

constexpr double time_step = 0.01;

Var lorenz_field(const Var& state) {
  const Var x = select(state, 1, 0), y = select(state, 1, 1), z = select(state, 1, 2);
  return stack({10.0 * (y - x), x * (28.0 - z) - y, x * y - (8.0 / 3.0) * z}, 1);
}

/// One step of the Runge-Kutta method of fourth order.
Var lorenz(const Var& s) {
  const Var k1 = lorenz_field(s), k2 = lorenz_field(s + 0.5 * time_step * k1),
            k3 = lorenz_field(s + 0.5 * time_step * k2), k4 = lorenz_field(s + time_step * k3);
  return s + (time_step / 6) * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
}

gradflow::LyapunovSpectrum lorenz_spectrum(std::size_t orbits, std::size_t steps) {
  Rng rng{3};
  gradflow::LyapunovSpectrum found =
      spectrum(lorenz, rng.uniform({orbits, 3}, 1.0, 10.0, f64), 1000, steps);
  // Nats per step -> per unit of time.
  for (double& exponent : found.exponents) exponent /= time_step;
  for (double& error : found.errors) error /= time_step;
  found.sum /= time_step;
  return found;
}

}  // namespace

TEST_CASE("the logistic map at r = 4 has the exponent ln 2") {
  Rng rng{1};
  const auto found = spectrum(logistic, rng.uniform({64, 1}, 0.1, 0.9, f64), 20, 300);
  REQUIRE(found.exponents.size() == 1);
  CHECK(found.steps == 300);
  CHECK(found.exponents[0] == Approx(std::numbers::ln2).margin(0.005));
  CHECK(found.errors[0] < 0.005);
}

TEST_CASE("the exponents of the Henon map are 0.419 and -1.623, their sum is ln 0.3") {
  Rng rng{2};
  const auto found = spectrum(henon, rng.uniform({32, 2}, -0.1, 0.1, f64), 100, 500);
  REQUIRE(found.exponents.size() == 2);
  CHECK(found.sum == Approx(-1.203973).epsilon(1e-6));
  CHECK(found.sum == Approx(std::log(0.3)).epsilon(1e-12));
  CHECK(found.exponents[0] == Approx(0.419).margin(0.01));
  CHECK(found.exponents[1] == Approx(-1.623).margin(0.01));
}

TEST_CASE("the exponents of Lorenz' equations, by Runge-Kutta on a tape") {
  const auto found = lorenz_spectrum(8, 1500);
  // 120 units of time: the largest exponent is known to a few hundredths, the sum by the trace.
  CHECK(found.exponents[0] == Approx(0.906).margin(0.08));
  CHECK(found.exponents[1] == Approx(0.0).margin(0.08));
  CHECK(found.exponents[2] == Approx(-14.572).margin(0.08));
  CHECK(found.sum == Approx(-41.0 / 3.0).margin(0.002));
}

TEST_CASE("the exponents of Lorenz' equations to a hundredth", "[.long]") {
  const auto found = lorenz_spectrum(64, 10000);
  CHECK(found.exponents[0] == Approx(0.906).margin(0.02));
  CHECK(found.exponents[1] == Approx(0.0).margin(0.02));
  CHECK(found.exponents[2] == Approx(-14.572).margin(0.02));
  CHECK(found.sum == Approx(-13.6667).margin(0.002));
}
