// SPDX-License-Identifier: MIT
// The chain rule: values against closed forms, shapes of graphs that break recursive engines.
#include <cmath>

#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;

TEST_CASE("the gradient of a product is the other factor") {
  Tape tape;
  const Var a = tape.variable(scalar(3.0)), b = tape.variable(scalar(5.0));
  const Gradients g = tape.backward(a * b);
  CHECK(g[a].item() == 5.0);
  CHECK(g[b].item() == 3.0);
}

TEST_CASE("a value used a thousand times gathers a thousand gradients") {
  Tape tape;
  const Var x = tape.variable(scalar(2.0, f64));
  Var y = scalar(0.0, f64);
  for (int i = 0; i < 1000; ++i) y = y + x;
  CHECK(tape.backward(y)[x].item() == 1000.0);
}

TEST_CASE("a diamond ladder of depth 60 costs one pass, not 2^60") {
  Tape tape;
  const Var x = tape.variable(scalar(1.0, f64));
  Var y = x;
  for (int i = 0; i < 60; ++i) y = y * 0.5 + y * 0.5;
  CHECK(tape.size() < 200);
  CHECK(tape.backward(y)[x].item() == 1.0);
}

TEST_CASE("a chain of a million nodes runs backward and is destroyed without recursion") {
  Tape tape;
  const Var x = tape.variable(scalar(1.0, f64));
  Var y = x;
  for (int i = 0; i < 1'000'000; ++i) y = y + 1.0;
  CHECK(tape.size() == 1'000'001);
  CHECK(tape.backward(y)[x].item() == 1.0);
}

TEST_CASE("one recording serves several losses, as often as they are asked for") {
  Tape tape;
  const Var x = tape.variable(scalar(2.0, f64));
  const Var square_loss = x * x, cube_loss = x * x * x;
  CHECK(tape.backward(square_loss)[x].item() == 4.0);
  CHECK(tape.backward(cube_loss)[x].item() == 12.0);
  CHECK(tape.backward(square_loss)[x].item() == 4.0);
}

TEST_CASE("several outputs with cotangents give the sum of their gradients in one pass") {
  Tape tape;
  const Var x = tape.variable(tensor({1, 2}, f64));
  const std::vector<Var> ys{square(x), 3 * x};
  const std::vector<Var> cotangents{tensor({1, 10}, f64), tensor({2, 20}, f64)};
  const Tensor g = tape.backward(ys, cotangents)[x].value();
  CHECK(g.at({0}) == 1 * 2 + 2 * 3);
  CHECK(g.at({1}) == 10 * 4 + 20 * 3);
}

TEST_CASE("gradients of intermediate values are kept when they are asked for") {
  Tape tape;
  const Var x = tape.variable(scalar(2.0, f64));
  const Var h = x * x;
  const Var loss = 5 * h;
  const Gradients g = tape.backward(loss, wrt(h, x));
  CHECK(g[h].item() == 5.0);
  CHECK(g[x].item() == 20.0);
}

TEST_CASE("asked for a subset, backward does not call pullbacks that do not lead to it") {
  int calls = 0;
  const auto counted = custom_op<1>(
      "counted", [](const Var& x) { return 2 * x; },
      [&](const Var&, const Var&, const Var& g) {
        ++calls;
        return 2 * g;
      });
  Tape tape;
  const Var x = tape.variable(scalar(1.0)), y = tape.variable(scalar(1.0));
  const Var loss = counted(x) * y;
  const Gradients g = tape.backward(loss, wrt(y));
  CHECK(calls == 0);
  CHECK(g.size() == 1);
  CHECK(g[y].item() == 2.0);
  tape.backward(loss);
  CHECK(calls == 1);
}

TEST_CASE("broadcasting is undone in every axis") {
  Tape tape;
  const Var a = tape.variable(ones({3, 1}, f64)), b = tape.variable(ones({1, 4}, f64));
  const Var c = tape.variable(scalar(1.0, f64)), d = tape.variable(ones({2, 3, 4}, f64));
  const Gradients g = tape.backward(sum(a + b + c + d));
  CHECK(g[a].shape() == Shape{3, 1});
  CHECK(g[a].value().at({0, 0}) == 8.0);
  CHECK(g[b].value().at({0, 0}) == 6.0);
  CHECK(g[c].item() == 24.0);
  CHECK(g[d].value().at({1, 2, 3}) == 1.0);
}

TEST_CASE("a gradient that is a single number for all elements still has the variable's shape") {
  Tape tape;
  const Var x = tape.variable(ones({2, 3}, f64));
  const Gradients g = tape.backward(mean(x));
  CHECK(g[x].shape() == Shape{2, 3});
  CHECK(g[x].value().at({1, 2}) == Approx(1.0 / 6));
}

TEST_CASE("the tape keeps only what some pullback reads") {
  Tape tape;
  const Var x = tape.variable(ones({100}));
  Var y = x + 1.0;  // read by square
  y = square(y);    // read by nobody
  y = y + x;        // read by nobody
  const Var loss = sum(y);
  CHECK(tape.kept_bytes() == 100 * sizeof(float));
  CHECK(tape.backward(loss)[x].value().at({0}) == 5.0F);
}

TEST_CASE("ops on data alone keep nothing and are not tracked") {
  Tape tape;
  const Var x = tape.input(ones({100}));
  const Var y = exp(x) * sin(x);
  CHECK(y.on_tape());
  CHECK_FALSE(y.tracked());
  CHECK(tape.kept_bytes() == 0);
}

TEST_CASE("ops on values off the tape just compute") {
  const Var y = exp(Var(scalar(0.0)));
  CHECK_FALSE(y.on_tape());
  CHECK(y.item() == 1.0);
}

TEST_CASE("a parameter is the same leaf however often it is put on a tape") {
  Rng rng{1};
  const Linear layer{2, 2, rng};
  Tape tape;
  const Var x = tape.input(ones({1, 2}));
  const std::size_t before = (layer(x), tape.size());
  layer(x);
  CHECK(tape.size() == before + 1);
}

TEST_CASE("writing to a parameter changes nothing that a tape recorded") {
  Parameter w(scalar(3.0), "w");
  Tape tape;
  const Var x = tape.variable(scalar(2.0));
  const Var y = w.on(x) * x;
  w.set(scalar(100.0));
  CHECK(tape.backward(y)[x].item() == 3.0);
  CHECK(w.on(x).item() == 3.0);
}

TEST_CASE("copying a parameter gives one of its own, moving keeps its identity") {
  Parameter w(scalar(3.0), "w");
  const std::uint64_t id = w.id();
  const Parameter copy = w;
  CHECK(copy.id() != id);
  const Parameter moved = std::move(w);
  CHECK(moved.id() == id);
}

TEST_CASE("the cotangent may be on the tape, and then the gradient can be differentiated") {
  Tape tape;
  const Var x = tape.variable(scalar(2.0, f64));
  const Var y = x * x * x;
  const Var first = tape.backward(y, tape.input(scalar(1.0, f64)), wrt(x))[x];
  CHECK(first.item() == 12.0);
  REQUIRE(first.tracked());
  CHECK(tape.backward(first)[x].item() == 12.0);
}
