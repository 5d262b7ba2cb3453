// SPDX-License-Identifier: MIT
#include <wengert/gradcheck/gradcheck.h>
#include <wengert/nn/linear.h>
#include <wengert/nn/recurrent/gru_cell.h>
#include <wengert/nn/recurrent/ind_rnn_cell.h>
#include <wengert/nn/recurrent/lstm_cell.h>
#include <wengert/nn/recurrent/minimal_gated_cell.h>
#include <wengert/nn/recurrent/orthogonal_rnn_cell.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/wengert.h>

#include "catch.h"
#include "lengths.h"

namespace {

using namespace wengert;

/// The loss of a cell over the steps of x [T, batch, 3]: the mean square of all hidden states.
template <class Cell>
struct Whole {
  Cell cell;
  Tensor mask;
  Var operator()(const Var& x) const {
    const auto run = unroll(cell, x, {.mask = mask, .fused = false});
    return mean(square(stack(run.h)));
  }
  static void members(auto& self, auto&& visit) { visit("cell", self.cell); }
};

template <class Cell>
void check(const Cell& cell) {
  Rng rng{7};
  for (const std::size_t steps : checked_lengths) {
    const std::size_t lengths[] = {steps, (steps + 1) / 2};
    const Tensor x = rng.normal({steps, 2, 3});
    for (const Tensor& mask : {Tensor{}, sequence_mask(lengths)}) {
      const CheckReport report = gradcheck(Whole<Cell>{cell, mask}, {x});
      INFO("T = " << steps << (mask.defined() ? ", masked\n" : "\n") << to_string(report));
      CHECK(report.agrees());
    }
  }
}

}  // namespace

TEST_CASE("every recurrent cell has the gradient it claims, at 1 to 20 steps, masked or not") {
  Rng rng{3};
  SECTION("RnnCell") {
    for (const Activation activation :
         {Activation::tanh, Activation::relu, Activation::sigmoid, Activation::identity})
      check(RnnCell{3, 4, rng, {.activation = activation}});
  }
  SECTION("LstmCell") {
    check(LstmCell{3, 4, rng});
    check(LstmCell{3, 4, rng, {.chrono = 20.0}});
  }
  SECTION("GruCell") {
    for (const auto reset : {GruCell::Reset::after, GruCell::Reset::before})
      for (const auto update : {GruCell::Update::keeps, GruCell::Update::renews})
        check(GruCell{3, 4, rng, {.reset = reset, .update = update}});
  }
  SECTION("IndRnnCell") { check(IndRnnCell{3, 4, rng, {.activation = Activation::tanh}}); }
  SECTION("MinimalGatedCell") { check(MinimalGatedCell{3, 4, rng}); }
  SECTION("OrthogonalRnnCell") {
    check(OrthogonalRnnCell{3, 4, rng, {.activation = Activation::tanh}});
  }
  SECTION("a stack of cells and layers") {
    check(Stacked{RnnCell{3, 4, rng}, Linear{4, 4, rng}, Residual{LstmCell{4, 4, rng}},
                  Linear{4, 2, rng}});
  }
}

TEST_CASE("a padded batch has the gradient of its sequences alone") {
  Rng rng{5};
  const LstmCell cell{3, 4, rng};
  const std::size_t lengths[] = {6, 2, 4};
  const Tensor mask = sequence_mask(lengths);
  Tensor x = rng.normal({6, 3, 3});
  Tape padded;
  const auto run = unroll(cell, padded.input(x), {.mask = mask, .fused = false});
  const Gradients whole = padded.backward(sum(square(run.last.h)));
  Tensor total = zeros(cell.W_h.shape());
  for (std::size_t b = 0; b < 3; ++b) {
    Tape alone;
    const Var own = alone.input(
        slice(slice(Var(x), 1, static_cast<std::int64_t>(b), static_cast<std::int64_t>(b) + 1), 0,
              0, static_cast<std::int64_t>(lengths[b])));
    const auto part = unroll(cell, own, {.fused = false});
    total = (Var(total) + alone.backward(sum(square(part.last.h)))[cell.W_h]).value();
  }
  CHECK(max(abs(Var(total) - whole[cell.W_h])).item() < 1e-6);
}

namespace {

/// The same loss by the whole sequence at once and step by step; all gradients compared.
template <class Cell>
void compare_with_steps(Cell cell) {
  to(cell, f64);
  Rng rng{9};
  for (const std::size_t steps : checked_lengths) {
    const Tensor x = rng.normal({steps, 3, 3}, f64), weight = rng.normal({steps, 3, 4}, f64);
    const auto gradients = [&](bool fused) {
      Tape tape;
      const Var input = tape.variable(x);
      const auto run = unroll(cell, input, {.fused = fused});
      CHECK(run.sequence.value().defined() == fused);
      const Gradients found =
          tape.backward(sum(stack(run.h) * Var(weight)) + sum(square(*hidden_of(run.last))));
      std::vector<Tensor> list{found[input].value(), stack(run.h).value()};
      for (const Parameter* parameter : parameters(cell)) list.push_back(found[*parameter].value());
      return list;
    };
    const std::vector<Tensor> whole = gradients(true), single = gradients(false);
    for (std::size_t k = 0; k < whole.size(); ++k)
      CHECK(max(abs(Var(whole[k]) - Var(single[k]))).item() <=
            1e-12 * (1 + max(abs(Var(single[k]))).item()));
  }
}

}  // namespace

TEST_CASE("a whole sequence at once is what its steps are") {
  Rng rng{4};
  for (const Activation activation :
       {Activation::tanh, Activation::relu, Activation::sigmoid, Activation::identity})
    compare_with_steps(RnnCell{3, 4, rng, {.activation = activation}});
  compare_with_steps(RnnCell{3, 4, rng, {.bias = false}});
  compare_with_steps(LstmCell{3, 4, rng});
  for (const auto reset : {GruCell::Reset::after, GruCell::Reset::before})
    for (const auto update : {GruCell::Update::keeps, GruCell::Update::renews})
      compare_with_steps(GruCell{3, 4, rng, {.reset = reset, .update = update}});
}

TEST_CASE("the identity initialiser is ones on the diagonal of any matrix, and of nothing else") {
  Rng rng{1};
  const Tensor matrix = init::identity({2, 3}, rng);
  CHECK(std::vector<float>(matrix.data<float>().begin(), matrix.data<float>().end()) ==
        std::vector<float>{1, 0, 0, 0, 1, 0});
  CHECK_THROWS_WITH(init::identity({4}, rng), Catch::Contains("init::identity"));
}

TEST_CASE("a normalised cell has unit variance after every step, and the gradient it claims") {
  Rng rng{6};
  NormalisedCell cell{RnnCell{3, 4, rng}, 4};
  Tape tape;
  const auto run = unroll(cell, tape.input(rng.normal({5, 2, 3})), {.fused = false});
  for (const Var& h : run.h) CHECK(max(abs(var(h, {1}) - 1)).item() < 1e-2);
  check(cell);
  NormalisedCell lstm{LstmCell{3, 4, rng}, 4};
  check(lstm);
}

TEST_CASE("a stack may begin with tokens: the state has the weights' dtype, not the input's") {
  Rng rng{8};
  Stacked net{Embedding{5, 3, rng}, GruCell{3, 4, rng}, Linear{4, 5, rng}};
  Tape tape;
  std::vector<Var> xs;
  for (int t = 0; t < 4; ++t) xs.push_back(tape.input(rng.integers(0, 5, {2})));
  const auto run = unroll(net, xs);
  CHECK(run.y.back().shape() == Shape{2, 5});
  CHECK(run.h.back().dtype() == f32);
  CHECK(tape.backward(sum(square(run.y.back()))).find(net.get<0>().weight) != nullptr);
}
