// SPDX-License-Identifier: MIT
// A tape run again: other leaves, another precision, the same random draws.
#include <wengert/wengert.h>

#include "catch.h"
#include "same_bits.h"

using namespace wengert;

TEST_CASE("a replay without changes gives the recorded bits") {
  Rng rng{1};
  const Sequential net{Linear{5, 7, rng}, gelu, Linear{7, 3, rng}};
  Tape tape;
  const Var y = log_softmax(net(tape.input(rng.normal({4, 5}))));
  const std::size_t size = tape.size();
  CHECK(same_bits(tape.replay(y), y.value()));
  CHECK(tape.size() == size);
}

TEST_CASE("a replay computes with the values bound to leaves") {
  Parameter w(scalar(3.0), "w");
  Tape tape;
  const Var x = tape.input(scalar(2.0)), c = tape.variable(scalar(1.0));
  const Var y = w.on(x) * square(x) + c;
  CHECK(tape.replay(y, {{x, scalar(5.0)}}).item() == 76.0);
  CHECK(tape.replay(y, {{w, scalar(1.0)}, {c, scalar(10.0)}}).item() == 14.0);
  CHECK(y.item() == 13.0);
}

TEST_CASE("a replay in f64 is the model in f64: constants, scalars and casts included") {
  const auto model = [](const Var& x) {
    const Var shifted = 0.1 * x + 1.0 / 3;
    const Var one = one_hot(Var(labels({1})), 2, x.dtype());
    return sum(exp(cast(shifted, x.dtype())) * one) / 7;
  };
  const Tensor x = tensor({0.25, -0.5});
  Tape narrow, wide;
  const Var y32 = model(narrow.input(x)), y64 = model(wide.input(x.to(f64)));
  const Tensor lifted = narrow.replay(y32, {}, f64);
  CHECK(lifted.dtype() == f64);
  CHECK(lifted.item() == y64.item());
  CHECK(lifted.item() != y32.item());
}

TEST_CASE("random ops repeat their draws, and have the same ones in f64") {
  Rng rng{1};
  Tape tape;
  const Var x = tape.variable(ones({50}));
  const Var noise = normal_like(x, rng);
  const Var y = dropout(x * noise, 0.5, rng);
  CHECK(same_bits(tape.replay(y), y.value()));
  const Tensor wide = tape.replay(noise, {}, f64);
  CHECK(same_bits(wide.to(f32), noise.value()));
}

TEST_CASE("a replayed tape has its own gradients, those of the recorded ops in the new values") {
  Parameter w(tensor({1, 2}), "w");
  Tape tape;
  const Var x = tape.variable(tensor({3, 4}));
  const Var loss = sum(square(w.on(x) * x));
  const std::vector<Binding> bindings{{x, tensor({5, 6})}};
  const Tape again = tape.replayed(bindings, f64);
  const Gradients g = again.backward(again.counterpart(loss));
  CHECK(g[again.counterpart(x)].dtype() == f64);
  CHECK(g[again.counterpart(x)].value().at({0}) == 2 * 1 * 1 * 5);
  CHECK(g[w].value().at({1}) == 2 * 2 * 36);
  CHECK(tape.backward(loss)[w].value().at({1}) == 2 * 2 * 16);
}

TEST_CASE("a replayed tape outlives the tape it came from") {
  std::optional<Tape> first(std::in_place);
  const Var x = first->variable(scalar(2.0));
  const Var y = custom_op<1>(
      "cube", [](const Var& v) { return v * v * v; },
      [](const Var& v, const Var&, const Var& g) { return 3 * g * square(v); })(leaky_relu(x, 0.3));
  Tape second = first->replayed();
  const Var y2 = second.counterpart(y), x2 = second.counterpart(x);
  first.reset();
  { const Tape reuses_the_memory_of_the_first; }
  CHECK(second.backward(y2)[x2].item() == 12.0);
}

TEST_CASE("a replay says what does not fit") {
  Tape tape, other;
  const Var x = tape.input(ones({2}));
  const Var y = 2 * x;
  CHECK_THROWS_WITH(tape.replay(y, {{y, ones({2})}}),
                    "replay: node 1 (mul) is no leaf; only inputs, variables and parameters can be "
                    "given other values");
  CHECK_THROWS_WITH(tape.replay(y, {{x, ones({3})}}),
                    "replay: node 0 (input) has shape [2], the new value [3]");
  CHECK_THROWS_WITH(tape.replay(y, {{other.input(ones({2})), ones({2})}}),
                    "replay: a bound value is not on this tape");
  const Parameter w(scalar(1.0), "w");
  CHECK_THROWS_WITH(tape.replay(y, {{w, scalar(1.0)}}),
                    "replay: parameter 'w' is not on this tape");
}

TEST_CASE("only the tape something was replayed from has counterparts") {
  Tape a, b;
  const Var p = a.variable(ones({2}));
  b.variable(ones({2}));
  CHECK_THROWS_AS(b.counterpart(p), TapeError);
  const Tape again = a.replayed();
  const Var later = 2 * p;
  CHECK(again.counterpart(p).on_tape());
  CHECK_THROWS_AS(again.counterpart(later), TapeError);
}

TEST_CASE("a custom op whose forward captures a value of the tape is refused") {
  Tape tape;
  const Var a = tape.variable(scalar(2.0));
  const auto captures = custom_op<1>(
      "captures", [&](const Var& q) { return q * a; },
      [&](const Var&, const Var&, const Var& g) { return g * a; });
  CHECK_THROWS_WITH(
      captures(a),
      "captures: its forward used a value that is on a tape; pass it as an input, or its "
      "gradient would be lost");
}
