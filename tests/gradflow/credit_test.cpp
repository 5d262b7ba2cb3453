// SPDX-License-Identifier: MIT
#include <cmath>
#include <vector>

#include <wengert/gradflow/credit.h>
#include <wengert/nn/linear.h>
#include <wengert/nn/model.h>
#include <wengert/nn/recurrent/gru_cell.h>
#include <wengert/nn/recurrent/lstm_cell.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/wengert.h>

#include "catch.h"

namespace {

using namespace wengert;

/// The states and losses of a cell that was run over random inputs, one loss a step.
template <class Cell>
struct Ran {
  Ran(Cell its_cell, std::size_t steps, std::size_t batch, std::size_t in)
      : cell(std::move(its_cell)) {
    to(cell, f64);
    Rng rng{11};
    const Var x = tape.input(rng.normal({steps, batch, in}, f64));
    h = unroll(cell, x, {.fused = false}).h;
    for (const Var& state : h) losses.push_back(mean(square(state - 0.3)));
  }
  Cell cell;
  Tape tape;
  std::vector<Var> h, losses;
};

template <class Cell>
void compare_with_brute_force(Cell cell) {
  Ran<Cell> ran(std::move(cell), 7, 3, 2);
  const auto result = gradflow::credit(ran.tape, ran.h, ran.losses);
  for (std::size_t s = 0; s < ran.h.size(); ++s)
    for (std::size_t t = 0; t < ran.h.size(); ++t) {
      const Gradients gradients = ran.tape.backward(ran.losses[s], wrt(ran.h[t]));
      const Var* found = gradients.find(ran.h[t]);
      if (t > s) {
        CHECK(result.credit.at(s, t) == -std::numeric_limits<double>::infinity());
        continue;
      }
      const double norm = std::sqrt(sum(square(*found)).item());
      CHECK(std::exp(result.credit.at(s, t)) == Approx(norm).epsilon(1e-10));
    }
}

}  // namespace

TEST_CASE("the credit matrix is what a backward pass for each loss gives") {
  Rng rng{1};
  SECTION("RNN") { compare_with_brute_force(RnnCell{2, 4, rng}); }
  SECTION("LSTM") { compare_with_brute_force(LstmCell{2, 4, rng}); }
  SECTION("GRU") { compare_with_brute_force(GruCell{2, 4, rng}); }
}

TEST_CASE("an orthogonal linear net scales its gradient by alpha a step, over a thousand steps") {
  Rng rng{2};
  for (const double alpha : {0.9, 1.0, 1.1}) {
    RnnCell cell{2, 8, rng, {.activation = Activation::identity}};
    to(cell, f64);
    Tensor eye = zeros({8, 8}, f64);
    // A permutation with signs: orthogonal to the last bit.
    for (std::size_t i = 0; i < 8; ++i)
      eye.mutable_data<double>()[i * 8 + (3 * i + 1) % 8] = (i % 2 ? -1 : 1) * alpha;
    cell.W_hh.set(eye);
    Tape tape;
    const auto run = unroll(cell, tape.input(rng.normal({1001, 1, 2}, f64)), {.fused = false});
    const Var loss = sum(run.h.back());
    const auto result = gradflow::credit(tape, run.h, std::span(&loss, 1));
    for (const std::size_t lag : {100, 500, 1000})
      CHECK(result.credit.at(0, 1000 - lag) - result.credit.at(0, 1000) ==
            Approx(static_cast<double>(lag) * std::log(alpha)).epsilon(1e-12).margin(1e-12));
    if (alpha < 1)
      CHECK(result.lags.half_life().value() ==
            Approx(std::log(2.0) / -std::log(alpha)).epsilon(1e-10));
    if (alpha == 0.9) CHECK(std::exp(result.lags.median[100]) == Approx(2.656e-5).epsilon(1e-3));
    if (alpha == 1.1) CHECK(std::exp(result.lags.median[100]) == Approx(13780.6).epsilon(1e-5));
  }
}
