// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>

#include <wengert/gradflow/study.h>
#include <wengert/nn/linear.h>
#include <wengert/nn/recurrent/lstm_cell.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/sequence_mask.h>
#include <wengert/nn/recurrent/step_losses.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/train/gradient_watch.h>
#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;

namespace {

/// A watch of a cell on x, of its last state's mean square from 1.
template <class Cell>
GradientWatch watch_end(const Cell& cell, const Tensor& x, const Tensor& mask = {}) {
  return GradientWatch([=](Tape& tape) {
    const auto run = unroll(cell, tape.input(x), {.mask = mask, .fused = false});
    return Unrolling{run.h, mean(square(*hidden_of(run.last) - 1.0)), {}, mask};
  });
}

std::vector<Var> step_losses_of(const std::vector<Var>& h, const Linear& readout) {
  std::vector<Var> losses;
  for (const Var& state : h) losses.push_back(mean(square(readout(state) - 1.0)));
  return losses;
}

}  // namespace

TEST_CASE("a watch sees the rate of an orthogonal linear net at every step it is asked for") {
  Rng rng{1};
  RnnCell cell{
      2,
      6,
      rng,
      {.activation = Activation::identity, .recurrent = init::scaled(init::orthogonal, 0.5)}};
  const Tensor x = rng.normal({12, 3, 2});
  GradientWatch watch([&](Tape& tape) {
    const auto run = unroll(cell, tape.input(x), {.fused = false});
    return Unrolling{run.h, mean(run.last)};
  });
  for (std::int64_t step : {1, 2})
    CHECK(watch.look(step).log_factor.value() == Approx(std::log(0.5)).epsilon(1e-4));
  CHECK(watch.looks().size() == 2);
  CHECK(watch.text() ==
        "step 1: the gradient halves every 1 steps back, no activation between states\n"
        "step 2: the gradient halves every 1 steps back, no activation between states\n");
}

TEST_CASE("of a loss at every step a watch says no rate unless it has the losses apart") {
  Rng rng{1};
  const RnnCell cell{
      2, 32, rng, {.activation = Activation::sigmoid, .recurrent = init::lecun_normal}};
  const Linear readout{32, 1, rng};
  const Tensor x = rng.normal({60, 8, 2});
  const auto look = [&](bool apart) {
    GradientWatch watch([&](Tape& tape) {
      const auto run = unroll(cell, tape.input(x), {.fused = false});
      const std::vector<Var> losses = step_losses_of(run.h, readout);
      return apart ? Unrolling{run.h, {}, losses}
                   : Unrolling{run.h, reduce(std::span<const Var>(losses))};
    });
    const GradientLook seen = watch.look(0);
    return std::pair{seen, watch.text()};
  };
  const auto [summed, words] = look(false);
  CHECK_FALSE(summed.log_factor);
  CHECK(summed.read == 60);
  CHECK_THAT(words, Catch::Contains("the loss reads 60 hidden states itself") &&
                        Catch::Contains("Unrolling::losses") && !Catch::Contains("halves") &&
                        !Catch::Contains("doubles"));

  const auto [apart, rate] = look(true);
  CHECK_THAT(rate, Catch::Contains("halves every"));
  // Where float32 still has digits the lags are those of a study of all losses.
  Tape tape;
  const auto run = unroll(cell, tape.input(x), {.fused = false});
  const std::vector<Var> losses = step_losses_of(run.h, readout);
  const gradflow::Study whole = gradflow::study(tape, run.h, losses, {.jacobians = false});
  for (std::size_t k = 0; k < 30; ++k) {
    INFO(k);
    CHECK(apart.lags[k] - whole.lags.median[k] == Approx(0.0).margin(0.1));
  }
  CHECK(apart.log_factor.value() == Approx(whole.lags.log_factor).epsilon(0.02));
}

TEST_CASE("a watch tells gradients that are gone from ones that keep their size") {
  Rng rng{1};
  RnnCell cell{1, 8, rng, {.activation = Activation::relu}};
  cell.b.set(full({8}, -100.0));
  GradientWatch dead = watch_end(cell, rng.normal({20, 4, 1}));
  CHECK_FALSE(dead.look(0).log_factor);
  CHECK(
      dead.text() ==
      "step 0: of the gradient nothing in the normal range of its dtype is left 1 step back, 100 % "
      "of activations saturated\n");

  GradientWatch zero([&](Tape& tape) {
    const auto run = unroll(cell, tape.input(rng.normal({20, 4, 1})), {.fused = false});
    return Unrolling{run.h, mean(square(run.last))};
  });
  CHECK_FALSE(zero.look(0).log_factor);
  CHECK_THAT(zero.text(), Catch::Contains("the gradient is 0 at every hidden state"));

  const RnnCell weak{
      1,
      8,
      rng,
      {.activation = Activation::identity, .recurrent = init::scaled(init::orthogonal, 1e-10)}};
  GradientWatch lost = watch_end(weak, rng.normal({20, 4, 1}));
  CHECK(lost.look(0).log_factor.value() == Approx(std::log(1e-10)).epsilon(1e-3));
  CHECK_THAT(lost.text(),
             Catch::Contains("nothing in the normal range of its dtype is left 4 steps back"));
}

TEST_CASE("a watch names the step and op of what is NaN, and tells what only float32 cannot hold") {
  Rng rng{1};
  const RnnCell cell{1, 8, rng};
  Tensor x = rng.normal({20, 4, 1});
  x.mutable_data<float>()[20] = std::numeric_limits<float>::quiet_NaN();
  GradientWatch watch = watch_end(cell, x);
  CHECK_FALSE(watch.look(3).log_factor);
  CHECK_FALSE(watch.looks().back().saturated);
  CHECK(watch.looks().back().flow.median.empty());
  CHECK_THAT(watch.text(), Catch::Contains("step 3: ") && Catch::Contains("is NaN at step 5") &&
                               Catch::Contains("(add)") && !Catch::Contains("halves"));

  const RnnCell strong{
      1,
      8,
      rng,
      {.activation = Activation::identity, .recurrent = init::scaled(init::orthogonal, 1e10)}};
  GradientWatch large([&](Tape& tape) {
    const auto run = unroll(strong, tape.input(zeros({20, 4, 1})), {.fused = false});
    return Unrolling{run.h, mean(run.last)};
  });
  large.look(0);
  CHECK_THAT(large.text(), Catch::Contains("the gradient by h[15] is not finite in f32"));
}

TEST_CASE("a watch of one state says no rate") {
  Rng rng{1};
  GradientWatch watch = watch_end(RnnCell{2, 16, rng}, rng.normal({1, 4, 2}));
  CHECK_FALSE(watch.look(0).log_factor);
  CHECK_THAT(watch.text(), Catch::Contains("there is one hidden state: no rate") &&
                               Catch::Contains("no activation between states"));
}

TEST_CASE("a watch finds an LSTM's saturation at its gates, as a study does") {
  Rng rng{1};
  const LstmCell cell{2, 16, rng, {.forget_bias = 8}};
  const Tensor x = rng.normal({30, 4, 2});
  GradientWatch watch = watch_end(cell, x);
  Tape tape;
  const auto run = unroll(cell, tape.input(x), {.fused = false});
  const gradflow::Saturation all = gradflow::saturation(tape, run.h);
  CHECK(all.share > 0.19);
  CHECK(watch.look(0).saturated.value() == Approx(all.share).epsilon(1e-6));
}

TEST_CASE("padding is no memory to a watch that has the mask") {
  Rng rng{1};
  const RnnCell cell{2, 16, rng, {.recurrent = init::lecun_normal}};
  const std::size_t lengths[] = {12, 13, 15, 14};
  const Tensor x = rng.normal({100, 4, 2});
  GradientWatch padded = watch_end(cell, x, sequence_mask(lengths, 100));
  const GradientLook seen = padded.look(0);
  CHECK(seen.lags.size() == 15);
  GradientWatch cut = watch_end(cell, slice(Var(x), 0, 0, 15).value(), sequence_mask(lengths));
  const GradientLook alone = cut.look(0);
  REQUIRE(alone.lags.size() == seen.lags.size());
  for (std::size_t k = 0; k < 15; ++k) CHECK(seen.lags[k] == Approx(alone.lags[k]).margin(1e-6));
  CHECK(seen.saturated == alone.saturated);
  // Each sequence's rate alone is about that of all four.
  double sum = 0.0;
  for (std::size_t b = 0; b < 4; ++b) {
    const auto at = static_cast<std::int64_t>(b);
    const Var one =
        slice(slice(Var(x), 1, at, at + 1), 0, 0, static_cast<std::int64_t>(lengths[b]));
    GradientWatch single = watch_end(cell, one.value());
    sum += single.look(0).log_factor.value();
  }
  CHECK(seen.log_factor.value() == Approx(sum / 4).epsilon(0.15));
  CHECK_THROWS_AS(watch_end(cell, x, ones({4, 100})).look(0), ShapeError);
}

TEST_CASE("a watch refuses what is no unrolled net") {
  Rng rng{1};
  const RnnCell cell{2, 3, rng};
  CHECK_THROWS_WITH(GradientWatch([](Tape& tape) {
                      return Unrolling{{}, mean(tape.variable(ones({2})))};
                    }).look(0),
                    Catch::Contains("hidden states is empty"));
  CHECK_THROWS_WITH(GradientWatch([&](Tape& tape) {
                      return Unrolling{unroll(cell, tape.input(zeros({3, 1, 2}))).h};
                    }).look(0),
                    Catch::Contains("neither a loss nor losses"));
  CHECK_THROWS_WITH(watch_end(cell, zeros({3, 0, 2})).look(0), Catch::Contains("no elements"));
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
