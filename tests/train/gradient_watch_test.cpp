// SPDX-License-Identifier: MIT
#include <cmath>

#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/train/gradient_watch.h>
#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;

TEST_CASE("a watch sees the rate of an orthogonal linear net at every step it is asked for") {
  Rng rng{1};
  RnnCell cell{
      2,
      6,
      rng,
      {.activation = Activation::identity, .recurrent = init::scaled(init::orthogonal, 0.5)}};
  const Tensor x = rng.normal({12, 3, 2});
  GradientWatch watch(
      [&](Tape& tape) {
        const auto run = unroll(cell, tape.input(x), {.fused = false});
        return Unrolling{run.h, mean(run.last)};
      },
      {.activation = Activation::identity});
  for (std::int64_t step : {1, 2})
    CHECK(watch.look(step).log_factor == Approx(std::log(0.5)).epsilon(1e-4));
  CHECK(watch.looks().size() == 2);
  CHECK(watch.text() ==
        "step 1: the gradient halves every 1 steps back, 0 % of the units saturated\n"
        "step 2: the gradient halves every 1 steps back, 0 % of the units saturated\n");
}

TEST_CASE(
    "a watch looks while fit trains, as often as its share of the time allows or as it is told") {
  Rng rng{2};
  Sequential model{Linear{4, 8, rng}, wengert::tanh, Linear{8, 1, rng}};
  const Tensor x = rng.normal({64, 4}), y = rng.normal({64, 1});
  int runs = 0;
  GradientWatch watch(
      [&](Tape& tape) {
        ++runs;
        const Var h = model.get<0>()(tape.input(x));
        const Var next = wengert::tanh(h);
        return Unrolling{{h, next}, mean(square(next))};
      },
      {.every = 4});
  fit(model, x, y,
      {.epochs = 5, .batch = 16, .callbacks = {watch.callback()}, .show = Show::nothing});
  CHECK(runs == 5);
  CHECK(watch.looks().back().step == 20);
  CHECK_THROWS_WITH(GradientWatch({}, {.share = 0.0}), Catch::Contains("share"));
}
