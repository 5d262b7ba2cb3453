// SPDX-License-Identifier: MIT
// Mistakes are loud, name the values, and change nothing. Whole messages, as a user sees them.
#include <wengert/wengert.h>

#include "catch.h"
#include "same_bits.h"

using namespace wengert;

namespace {

struct Model {
  Sequential<Linear, Var (*)(const Var&)>& encoder;
  Sequential<Linear>& decoder;
  static void members(auto& self, auto&& visit) {
    visit("encoder", self.encoder);
    visit("decoder", self.decoder);
  }
};

struct Two {
  Parameter used{scalar(1.0)}, unused{scalar(2.0)};
  static void members(auto& self, auto&& visit) {
    visit("used", self.used);
    visit("encoder.bias", self.unused);
  }
};

}  // namespace

TEST_CASE("a product of matrices that do not fit says where both come from") {
  Rng rng{1};
  Sequential decoder{Linear{64, 784, rng}};
  Sequential encoder{Linear{16, 16, rng}, relu};
  Model model{encoder, decoder};
  parameters(model);
  Tape tape;
  const Var h = encoder(tape.input(zeros({100, 16})));
  CHECK_THROWS_WITH(matmul(h, decoder.get<0>().weight.on(h)),
                    "matmul: inner dimensions differ: [100, 16] x [784, 64]; operand 1 is "
                    "'encoder.1' (relu), operand 2 is parameter 'decoder.0.weight'");
  CHECK_THROWS_WITH(
      decoder(h),
      "linear: x [100, 16] does not fit weight [784, 64]: the last axis of x has to be "
      "64; operand 1 is 'encoder.1' (relu), operand 2 is parameter 'decoder.0.weight', "
      "operand 3 is parameter 'decoder.0.bias'");
}

TEST_CASE("shapes that do not broadcast are an error that names both") {
  CHECK_THROWS_WITH(Var(zeros({2, 3})) + Var(zeros({4})),
                    "add: shapes do not broadcast: [2, 3] and [4]");
}

TEST_CASE("dtypes are never mixed silently") {
  CHECK_THROWS_WITH(Var(zeros({2})) + Var(zeros({2}, f64)),
                    "add: operands are f32 and f64; convert one with cast(x, dtype)");
  CHECK_THROWS_WITH(exp(Var(labels({1, 2}))),
                    "exp: takes f32 or f64, got i64; convert with cast(x, f32)");
}

TEST_CASE("mixing two tapes is an error") {
  Tape a, b;
  const Var x = a.input(zeros({2})), y = b.input(zeros({2}));
  CHECK_THROWS_WITH(
      x + y,
      "add: its operands are on two tapes: node 0 (input) and node 0 (input); put both on one "
      "tape, or pass the value across with .value()");
}

TEST_CASE("backward starts from one number") {
  Tape tape;
  const Var x = tape.variable(zeros({128}));
  CHECK_THROWS_WITH(tape.backward(square(x)),
                    "backward: the loss has shape [128]; reduce it first, e.g. mean(loss)");
}

TEST_CASE("backward of a value on no tape says what is usually wrong") {
  const Tape tape;
  const Var y = mean(square(Var(ones({3}))));
  CHECK_THROWS_WITH(tape.backward(y),
                    "backward: this value is on no tape; was the model's input made with "
                    "tape.input(...)?");
}

TEST_CASE("backward of another tape's value is an error") {
  Tape a;
  const Tape b;
  CHECK_THROWS_WITH(b.backward(sum(a.variable(ones({2})))),
                    "backward: this value is on another tape");
}

TEST_CASE("backward of a value that depends on nothing tracked is an error") {
  Tape tape;
  const Var y = sum(tape.input(ones({2})));
  CHECK_THROWS_WITH(tape.backward(y),
                    "backward: nothing that leads to node 1 (sum) is tracked; make the values to "
                    "differentiate by with tape.variable(...), or put parameters on the tape with "
                    ".on(x)");
}

TEST_CASE("a cotangent has the output's shape and dtype") {
  Tape tape;
  const Var y = square(tape.variable(ones({3})));
  CHECK_THROWS_WITH(tape.backward(y, ones({2})),
                    "backward: the output has shape [3] and its cotangent [2]");
  CHECK_THROWS_WITH(tape.backward(y, ones({3}, f64)),
                    "backward: the output is f32 and its cotangent f64");
}

TEST_CASE("a value that outlives its tape keeps its value and refuses everything else") {
  Var survivor;
  {
    Tape tape;
    survivor = square(tape.variable(tensor({3})));
  }
  CHECK(survivor.item() == 9.0);
  CHECK_FALSE(survivor.on_tape());
  const std::string message =
      "this value of shape [1] outlived its tape: the tape it was recorded on is gone; keep the "
      "tape "
      "as long as you compute with its values, or use .value()";
  CHECK_THROWS_WITH(survivor + 1.0, message);
  Tape next;  // may use the same memory
  CHECK_THROWS_WITH(next.backward(survivor), message);
  CHECK_THROWS_WITH(next.input(survivor), message);
  CHECK_THROWS_AS(survivor + next.input(ones({1})), TapeError);
}

TEST_CASE("gradients say why they lack a value") {
  Tape tape, other;
  const Var x = tape.variable(ones({2})), data = tape.input(ones({2})),
            unused = tape.variable(ones({2}));
  const Var h = x * data;
  const Gradients g = tape.backward(sum(h));
  CHECK_THROWS_WITH(
      g[Var(ones({2}))],
      "gradients: the value asked for is on no tape; was it made with tape.variable(...)?");
  CHECK_THROWS_WITH(g[other.variable(ones({2}))],
                    "gradients: the value asked for is on another tape than these gradients");
  CHECK_THROWS_WITH(g[data],
                    "gradients: node 1 (input) is not tracked; use tape.variable(...) instead of "
                    "tape.input(...)");
  CHECK_THROWS_WITH(g[unused],
                    "gradients: node 2 (variable) got none: no path leads to it from the loss");
  CHECK_THROWS_WITH(
      g[h],
      "gradients: node 3 (mul) was not asked for, or no path leads to it from the loss; "
      "gradients of intermediate values are kept on request: tape.backward(loss, wrt(h))");
  const Parameter w(scalar(1.0), "encoder.bias");
  CHECK_THROWS_WITH(
      g[w],
      "gradients: 'encoder.bias' got no gradient: it is not on the loss's tape: the "
      "forward pass never used it, or used a copy of its module (a copy has parameters "
      "of its own)");
}

TEST_CASE("an optimizer that misses a gradient says why and changes nothing") {
  Two model;
  Adam adam;
  {
    Tape tape;
    const Var x = tape.input(scalar(3.0));
    const Var loss = square(model.used.on(x));
    model.unused.on(x);
    CHECK_THROWS_WITH(adam.update(model, tape.backward(loss)),
                      "adam: 'encoder.bias' got no gradient: no path leads to it from the loss");
  }
  Tape tape;
  const Var x = tape.input(scalar(3.0));
  const Var loss = square(model.used.on(x));
  CHECK_THROWS_WITH(
      adam.update(model, tape.backward(loss)),
      "adam: 'encoder.bias' got no gradient: it is not on the loss's tape: the forward "
      "pass never used it, or used a copy of its module (a copy has parameters of its own)");
  CHECK_THROWS_WITH(adam.update(model, tape.backward(loss, wrt(x))),
                    "backward: node 0 (input) is not tracked; use tape.variable(...) instead of "
                    "tape.input(...)");
  CHECK(model.used.value().item() == 1.0);
  CHECK(adam.steps() == 0);
}

TEST_CASE("labels and indices outside their range name themselves") {
  CHECK_THROWS_WITH(cross_entropy(Var(zeros({4, 10})), Var(labels({0, 1, 2, 10}))),
                    "cross_entropy: label 10 at row 3 is outside [0, 10)");
  CHECK_THROWS_WITH(take(Var(zeros({10, 2})), Var(labels({0, 10}))),
                    "take: index 10 at position 1 is outside [0, 10)");
}

TEST_CASE("a reduction of nothing is an error where it has no value") {
  CHECK_THROWS_WITH(max(Var(zeros({3, 0})), 1),
                    "max: empty reduction: axis 1 of [3, 0] has no elements");
  CHECK_THROWS_WITH(mean(Var(zeros({0}))), "mean: empty reduction: axis 0 of [0] has no elements");
  CHECK(sum(Var(zeros({0}))).item() == 0.0);
  CHECK_THROWS_WITH(sum(Var(zeros({2, 2})), 2),
                    "sum: axis 2 is outside [-2, 2) of a value of rank 2");
  CHECK_THROWS_WITH(sum(Var(zeros({2, 2})), {0, -2}), "sum: axis -2 is named twice");
}

TEST_CASE("a loss of shapes that differ does not broadcast silently") {
  CHECK_THROWS_WITH(mse(Var(zeros({100, 1})), Var(zeros({100}))),
                    "mse: prediction [100, 1] and target [100] differ; reshape one of them, "
                    "broadcasting would pair every row with every other");
}

TEST_CASE("a user's pullback that returns the wrong thing is named") {
  const auto op = [](Var wrong) {
    return custom_op<1>(
        "mine", [](const Var& x) { return 2 * x; },
        [wrong](const Var&, const Var&, const Var&) { return wrong; });
  };
  Tape tape;
  const Var x = tape.variable(ones({4}));
  CHECK_THROWS_WITH(tape.backward(sum(op(Var(ones({3})))(x))),
                    "mine: its pullback returned shape [3] for input 0 of shape [4]");
  CHECK_THROWS_WITH(tape.backward(sum(op(Var(ones({1})))(x))),
                    "mine: its pullback returned shape [1] for input 0 of shape [4]");
  CHECK_THROWS_WITH(tape.backward(sum(op(Var(ones({4}, f64)))(x))),
                    "mine: its pullback returned f64 for input 0 of f32");
  CHECK_THROWS_WITH(tape.backward(sum(op(Var())(x))),
                    "mine: its pullback returned nothing for input 0");
}

TEST_CASE("a second derivative through a first-order pullback is refused, not wrong") {
  const auto op = custom_op<1>(
      "mine", [](const Var& x) { return x * x; },
      [](const Var& x, const Var&, const Var& g) {
        return Var((2 * Var(x.value()) * Var(g.value())).value());
      });
  const auto f = [&](const Var& x) { return sum(op(x)); };
  CHECK(grad(f)(Var(scalar(3.0))).item() == 6.0);
  CHECK_THROWS_WITH(hessian(f, Var(scalar(3.0))),
                    "mine: its pullback computes off the tape, so it is first order only; write it "
                    "with ops on Var to differentiate it again");
}

TEST_CASE("a value already on a tape cannot become an input again by accident") {
  Tape tape;
  const Var h = exp(tape.variable(ones({2})));
  CHECK_THROWS_WITH(
      tape.input(h),
      "input: the value is on a tape already; to cut it loose from what made it, pass its "
      ".value()");
  CHECK(tape.input(h.value()).on_tape());
}

TEST_CASE("labels cannot be differentiated by") {
  Tape tape;
  CHECK_THROWS_WITH(
      tape.variable(labels({1})),
      "variable: only f32 and f64 have gradients, got i64; use tape.input for labels");
}

TEST_CASE("a tensor checks its element type, shape and indices") {
  const Tensor t = ones({2, 3});
  CHECK_THROWS_WITH(t.data<double>(), "data: asked for f64 of a tensor of f32");
  CHECK_THROWS_WITH(t.item(), "item: needs exactly one element, got shape [2, 3]");
  CHECK_THROWS_WITH(t.at({2, 0}), "at: index 2 of axis 0 is outside [0, 2)");
  CHECK_THROWS_WITH(t.reshape({4, 2}), "reshape: [2, 3] has 6 elements and [4, 2] has 8");
  CHECK_THROWS_WITH(t.reshape({-1, 4}), "reshape: cannot infer 1 of the extents of 6 elements");
  CHECK_THROWS_AS(Tensor().shape(), ValueError);
  CHECK_THROWS_AS(zeros({1 << 30, 1 << 30, 1 << 30}), std::bad_alloc);
}
