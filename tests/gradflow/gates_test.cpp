// SPDX-License-Identifier: MIT
// What passes activations and gates: saturation against counting by hand, and the direct way
// through LSTM and GRU.
#include <algorithm>
#include <cmath>
#include <vector>

#include <wengert/gradflow/jacobians.h>
#include <wengert/gradflow/saturation.h>
#include <wengert/nn/recurrent/gru_cell.h>
#include <wengert/nn/recurrent/lstm_cell.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>

#include "gradflow/brute_force.h"

namespace {

using namespace wengert;
using namespace wengert::test;

double sigma(double x) { return 1.0 / (1.0 + std::exp(-x)); }

/// All states of a cell over random inputs [steps, batch, 2] of this size.
template <class Cell>
auto states_of(Tape& tape, Cell& cell, std::size_t steps, std::size_t batch, double size = 1.0) {
  to(cell, f64);
  Rng rng{11};
  const Var x = tape.input(gaussian(rng, {steps, batch, 2}, size));
  return unroll(cell, x, {.fused = false}).states;
}

std::vector<Var> cells(const std::vector<LstmState>& states) {
  std::vector<Var> c;
  for (const LstmState& state : states) c.push_back(state.c);
  return c;
}

}  // namespace

TEST_CASE("saturation of a tanh net is what counting by hand gives") {
  Rng rng{1};
  RnnCell cell{2, 16, rng};
  Tape tape;
  const auto h = states_of(tape, cell, 9, 5, 3.0);
  const auto found = gradflow::saturation(tape, h);
  REQUIRE(found.uses.size() == 1);
  const gradflow::ActivationUse& use = found.uses[0];
  CHECK(use.op == "tanh");
  CHECK(use.units == 16);
  CHECK(use.dead == 0);
  REQUIRE(use.saturated.size() == 8);  // the first state depends on no state
  double all = 0.0, shares = 0.0;
  for (std::size_t t = 1; t < 9; ++t) {
    double flat = 0.0, squares = 0.0, steepest = 0.0;
    for (const double y : h[t].value().data<double>()) {
      const double slope = 1.0 - y * y;
      flat += slope < 0.05 ? 1.0 : 0.0;
      squares += slope * slope;
      steepest = std::max(steepest, slope);
    }
    CHECK(use.saturated[t - 1] == Approx(flat / 80));
    CHECK(use.mean_square_slope[t - 1] == Approx(squares / 80).epsilon(1e-12));
    CHECK(use.largest_slope[t - 1] == Approx(steepest).epsilon(1e-12));
    all += flat / 80 / 8;
  }
  CHECK(all > 0.1);
  CHECK(found.share == Approx(all).epsilon(1e-12));
  for (const double share : use.histogram) shares += share;
  CHECK(shares == Approx(1.0).epsilon(1e-12));
}

TEST_CASE("dead relus are counted") {
  Rng rng{1};
  RnnCell cell{2, 8, rng, {.activation = Activation::relu}};
  Tensor bias = full({8}, 0.5);
  bias.mutable_data<float>()[2] = bias.mutable_data<float>()[5] = -1000.0F;
  cell.b.set(bias);
  Tape tape;
  const auto h = states_of(tape, cell, 6, 4, 0.1);
  const auto found = gradflow::saturation(tape, h);
  REQUIRE(found.uses.size() == 1);
  std::size_t dead = 0;
  for (std::size_t unit = 0; unit < 8; ++unit) {
    bool alive = false;
    for (std::size_t t = 1; t < 6; ++t)
      for (std::size_t b = 0; b < 4; ++b)
        alive = alive || h[t].value().data<double>()[b * 8 + unit] > 0.0;
    dead += alive ? 0 : 1;
  }
  CHECK(found.uses[0].dead == dead);
  CHECK(dead >= 2);
}

TEST_CASE("an LSTM has five activations a step, and a gate that stays shut saturates") {
  Rng rng{1};
  LstmCell cell{2, 4, rng, {.forget_bias = -20.0}};
  Tape tape;
  const auto states = states_of(tape, cell, 5, 3);
  const auto found = gradflow::saturation(tape, cells(states));
  // The output gate and tanh(c) are on the way from one c to the next.
  REQUIRE(found.uses.size() == 5);
  std::size_t shut = 0, sigmoids = 0, late = 0;
  for (const gradflow::ActivationUse& use : found.uses) {
    CHECK(use.units == 4);
    // The first step's output gate depends on no state; no other gate may take its place.
    CHECK((use.saturated.size() == 4 || use.saturated.size() == 3));
    if (use.saturated.size() == 3) ++late;
    if (use.op == "sigmoid") ++sigmoids;
    if (std::ranges::count(use.saturated, 1.0) == 4 && use.histogram[0] == 1.0) ++shut;
  }
  CHECK(late == 1);
  CHECK(sigmoids == 3);
  CHECK(shut == 1);
}

TEST_CASE("an LSTM without recurrent weights remembers by its forget bias") {
  struct Memory {
    double bias, steps, margin;
  };
  for (const Memory& at : {Memory{0, 1.4, 0.05}, {1, 3.2, 0.05}, {3, 20.6, 0.05}, {5, 149, 0.5}}) {
    Rng rng{1};
    LstmCell cell{2, 4, rng, {.forget_bias = at.bias}};
    cell.W_h.set(zeros({16, 4}));
    Tape tape;
    const auto c = cells(states_of(tape, cell, 40, 2, 0.0));
    const auto split = gradflow::path_split(tape, c);
    const double f = sigma(at.bias);
    for (const std::size_t lag : {0, 1, 39}) {
      const double expected = static_cast<double>(lag) * std::log(f);
      CHECK(split.log_whole[lag] == Approx(expected).epsilon(1e-7).margin(1e-14));
      CHECK(split.log_direct[lag] == Approx(expected).epsilon(1e-7).margin(1e-14));
    }
    CHECK(-39 / split.log_whole[39] == Approx(at.steps).margin(at.margin));
  }
}

TEST_CASE("chrono initialisation gives memories up to the steps that it was told") {
  Rng rng{1};
  LstmCell cell{2, 64, rng, {.chrono = 200.0}};
  cell.W_h.set(zeros({256, 64}));
  Tape tape;
  const auto c = cells(states_of(tape, cell, 12, 1, 0.0));
  const auto split = gradflow::path_split(tape, c);
  double squares = 0.0;
  for (const double bias : cell.b.value().data<double>().subspan(64, 64)) {
    const double memory = -1.0 / std::log(sigma(bias));
    CHECK(memory > 1.4);
    CHECK(memory < 200.0);
    squares += std::pow(sigma(bias), 22.0);
  }
  CHECK(split.log_whole[11] == Approx(0.5 * std::log(squares / 64)).epsilon(1e-10));
}

TEST_CASE("the direct way of an LSTM is the product of its forget gates, the whole its Jacobian") {
  Rng rng{1};
  LstmCell cell{2, 3, rng};
  Tape tape;
  const std::size_t T = 8;
  const auto states = states_of(tape, cell, T, 1);
  const auto c = cells(states);
  const auto split = gradflow::path_split(tape, c);
  REQUIRE(split.log_whole.size() == T);
  Rng again{11};
  const Tensor x = gaussian(again, {T, 1, 2});
  std::vector<double> product(3, 1.0);
  for (std::size_t lag = 0; lag < T; ++lag) {
    const std::size_t t = T - 1 - lag;
    CHECK(std::exp(split.log_direct[lag]) ==
          Approx(norm_of(product) / std::sqrt(3.0)).epsilon(1e-10));
    CHECK(std::exp(split.log_whole[lag]) ==
          Approx(norm_of(jacobian(c.back(), c[t])) / std::sqrt(3.0)).epsilon(1e-10));
    if (t == 0) break;
    // f of step t leads from c[t - 1] to c[t].
    const Tensor a =
        (linear(select(x, 0, static_cast<std::int64_t>(t)), cell.W_x.value(), cell.b.value()) +
         linear(states[t - 1].h.value(), cell.W_h.value()))
            .value();
    for (std::size_t i = 0; i < 3; ++i) product[i] *= sigma(a.data<double>()[3 + i]);
  }
}

TEST_CASE("a GRU without recurrent weights keeps by its update gate, in both conventions") {
  for (const GruCell::Update update : {GruCell::Update::keeps, GruCell::Update::renews})
    for (const GruCell::Reset reset : {GruCell::Reset::after, GruCell::Reset::before}) {
      Rng rng{1};
      GruCell cell{2, 3, rng, {.reset = reset, .update = update, .keep_bias = 2.0}};
      cell.W_h.set(zeros({9, 3}));
      Tape tape;
      const std::size_t T = 20;
      const auto h = states_of(tape, cell, T, 1);
      const auto split = gradflow::path_split(tape, h);
      Rng again{11};
      const Tensor x = gaussian(again, {T, 1, 2});
      std::vector<double> product(3, 1.0);
      for (std::size_t t = T; t-- > 1;) {
        const Tensor a =
            linear(select(x, 0, static_cast<std::int64_t>(t)), cell.W_x.value(), cell.b_x.value())
                .value();
        // keeps: z itself is what stays; renews: 1 - z.
        for (std::size_t i = 0; i < 3; ++i) {
          const double z = sigma(a.data<double>()[3 + i]);
          product[i] *= update == GruCell::Update::keeps ? z : 1.0 - z;
        }
        const double expected = std::log(norm_of(product) / std::sqrt(3.0));
        CHECK(split.log_whole[T - t] == Approx(expected).epsilon(1e-12));
        CHECK(split.log_direct[T - t] == Approx(expected).epsilon(1e-12));
      }
    }
}

TEST_CASE("a net all of whose ways pass a matrix has no direct way") {
  Rng rng{1};
  RnnCell cell{2, 3, rng};
  Tape tape;
  const auto h = states_of(tape, cell, 5, 2);
  const auto split = gradflow::path_split(tape, h);
  CHECK(split.log_direct[0] == Approx(0.0).margin(1e-14));
  CHECK(split.log_direct[1] == -std::numeric_limits<double>::infinity());
  CHECK(std::isfinite(split.log_whole[4]));
}
