// SPDX-License-Identifier: MIT
// Checkpoints: the same bits as plain backward, with less kept.
#include <wengert/graph/pool.h>
#include <wengert/wengert.h>

#include "catch.h"
#include "same_bits.h"

using namespace wengert;

namespace {

struct Outcome {
  Tensor gradient;
  Tensor weight_gradient;
  std::size_t kept;
};

enum class Plan { plain, flat, nested };

// Twelve noisy layers that share a weight.
Outcome run(Plan plan) {
  Rng init{5}, noise{3};
  const Parameter weight((0.4 * Var(init.normal({6, 6}))).value(), "weight");
  const Tensor start = init.normal({4, 6});
  Tape tape;
  const Var x = tape.variable(start);
  const auto layer = [&](const Var& h) {
    return dropout(tanh(matmul(h, weight.on(h))) * 1.5, 0.2, noise);
  };
  const auto three = [&](const Var& h) { return layer(layer(layer(h))); };
  const auto six = [&](const Var& h) {
    return plan == Plan::nested ? checkpoint(three)(checkpoint(three)(h)) : three(three(h));
  };
  Var h = x;
  for (int i = 0; i < 2; ++i) h = plan == Plan::plain ? six(h) : checkpoint(six)(h);
  const Var loss = sum(square(h));
  const std::size_t kept = tape.kept_bytes();
  const Gradients g = tape.backward(loss);
  return {g[x].value(), g[weight].value(), kept};
}

}  // namespace

TEST_CASE("a checkpoint's gradients are bitwise those of plain backward, random draws included") {
  const Outcome plain = run(Plan::plain), flat = run(Plan::flat), nested = run(Plan::nested);
  CHECK(norm(plain.gradient).item() > 1e-3);
  CHECK(same_bits(plain.gradient, flat.gradient));
  CHECK(same_bits(plain.weight_gradient, flat.weight_gradient));
  CHECK(same_bits(plain.gradient, nested.gradient));
  CHECK(same_bits(plain.weight_gradient, nested.weight_gradient));
}

TEST_CASE("a checkpoint keeps only what enters and leaves it") {
  const Outcome plain = run(Plan::plain), flat = run(Plan::flat);
  const std::size_t state = 4 * 6 * sizeof(float);
  CHECK(plain.kept > 20 * state);
  CHECK(flat.kept <= 2 * state);
}

TEST_CASE("to restore a checkpoint its last inner one is not run, and the others once each") {
  int runs = 0;
  const auto counted = custom_op<1>(
      "counted",
      [&](const Var& x) {
        ++runs;
        return 2.0 * x;
      },
      [](const Var&, const Var&, const Var& g) { return 2.0 * g; });
  const auto inner = checkpoint([&](const Var& x) { return exp(sin(counted(x))); });
  Tape tape;
  const Var x = tape.variable(scalar(0.1, f64));
  const Var y = checkpoint([&](const Var& v) { return inner(inner(inner(v))); })(x);
  CHECK(runs == 3);
  tape.backward(y);
  CHECK(runs == 3 + 2 + 3);
}

TEST_CASE("backward gives back the states of inner checkpoints that it has passed") {
  Rng init{5};
  const Tensor start = init.normal({1000, 100});
  constexpr int count = 8;
  Tape tape;
  const Var x = tape.variable(start);
  std::int64_t live_at_end = 0, live_at_begin = 0;
  const auto watched = [](std::int64_t& live) {
    return custom_op<1>(
        "watched", [](const Var& v) { return 1.0 * v; },
        [&live](const Var&, const Var&, const Var& g) {
          live = memory_use().live;
          return 1.0 * g;
        });
  };
  const auto layer = checkpoint([](const Var& v) { return sin(sin(v)); });
  const Var y = checkpoint([&](const Var& v) {
    Var h = watched(live_at_begin)(v);
    for (int i = 0; i < count; ++i) h = layer(h);
    return watched(live_at_end)(h);
  })(x);
  tape.backward(sum(y));
  const std::int64_t state = 1000 * 100 * 4;
  CHECK(live_at_end - live_at_begin >= (count - 2) * state);
}

TEST_CASE("a checkpoint captures values of the same tape") {
  Tape tape;
  const Var x = tape.variable(scalar(2.0, f64)), c = tape.variable(scalar(3.0, f64));
  const auto f = [&](const Var& v) { return exp(v) * c; };
  const Gradients g = tape.backward(checkpoint(f)(x));
  CHECK(g[x].item() == Approx(3 * std::exp(2.0)));
  CHECK(g[c].item() == Approx(std::exp(2.0)));
}

TEST_CASE("a checkpoint can be differentiated twice") {
  const auto f = [](const Var& x) {
    return sum(checkpoint([](const Var& v) { return exp(sin(v)); })(x));
  };
  const auto plain = [](const Var& x) { return sum(exp(sin(x))); };
  const Tensor x = tensor({0.3, -0.7}, f64);
  CHECK(same_bits(hessian(f, x).value(), hessian(plain, x).value()));
}

TEST_CASE("backward works from a value inside a checkpoint, and after its function has thrown") {
  Tape tape;
  const Var x = tape.variable(scalar(2.0, f64));
  Var inside;
  const auto throws = [&](const Var& v) -> Var {
    inside = square(exp(v));
    throw ValueError("the user's own");
  };
  CHECK_THROWS_AS(checkpoint(throws)(x), ValueError);
  CHECK(tape.backward(inside)[x].item() == Approx(2 * std::exp(4.0)));
  const Var after = square(x);
  CHECK(tape.backward(after)[x].item() == 4.0);
}

TEST_CASE("off the tape a checkpoint just calls its function") {
  const auto twice = checkpoint([](const Var& x) { return 2 * x; });
  CHECK(twice(Var(scalar(4.0))).item() == 8.0);
}

TEST_CASE("derivatives can be taken inside a checkpoint") {
  const auto inner = [](const Var& z) {
    return grad([](const Var& q) { return sum(wengert::tanh(q) * q); })(z);
  };
  const auto plain = [&](const Var& x) { return sum(square(inner(square(x)))); };
  const auto thrifty = [&](const Var& x) { return sum(square(checkpoint(inner)(square(x)))); };
  const Tensor x = tensor({0.3, -0.7}, f64);
  CHECK(same_bits(grad(plain)(Var(x)).value(), grad(thrifty)(Var(x)).value()));
}

TEST_CASE("many checkpoints cost linear time") {
  Tape tape;
  const Var x = tape.variable(scalar(1.0, f64));
  Var h = x;
  for (int i = 0; i < 100'000; ++i) h = checkpoint([](const Var& v) { return sin(v); })(h);
  CHECK(tape.backward(h)[x].item() > 0.0);  // would take a minute if each searched all
}
