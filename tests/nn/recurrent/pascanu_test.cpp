// SPDX-License-Identifier: MIT
// Pascanu's regulariser: closed forms of linear nets, what is held constant, and its gradient.
#include <cmath>
#include <vector>

#include <wengert/nn/recurrent/pascanu.h>
#include <wengert/wengert.h>

#include "../../catch.h"
#include "../distance.h"

using namespace wengert;
using namespace wengert::nn_tests;

namespace {

using Variant = PascanuOptions::Variant;

constexpr std::size_t n = 4, batch = 3, in = 2;

RnnCell make_cell(Activation activation, double gain, std::uint64_t seed = 3) {
  Rng rng{seed};
  RnnCell cell{
      in, n, rng, {.activation = activation, .recurrent = init::scaled(init::orthogonal, gain)}};
  to(cell, f64);
  return cell;
}

/// Omega of the loss sum h_T^2 of random inputs, as a function of them.
struct Net {
  RnnCell cell;
  Variant variant;
  Tensor mask = {};
  Var operator()(const Var& x) const {
    const auto run = unroll(cell, x, {.mask = mask, .fused = false});
    const Var loss = sum(square(run.h.back()));
    return pascanu(cell, x, run.h, loss, {.variant = variant, .mask = mask});
  }
  static void members(auto& self, auto&& visit) { visit("cell", self.cell); }
};

Tensor inputs(std::size_t steps, std::uint64_t seed = 5) {
  Rng rng{seed};
  return rng.normal({steps, batch, in}, f64);
}

double omega(const Net& net, const Tensor& x) {
  Tape tape;
  return net(tape.input(x)).item();
}

}  // namespace

TEST_CASE("of a linear net with W = alpha Q Pascanu's regulariser is (alpha - 1)^2 a step") {
  for (const double alpha : {1.0, 0.9, 1.1})
    for (const Variant variant : {Variant::immediate, Variant::full}) {
      const Net net{make_cell(Activation::identity, alpha), variant};
      const double each = (alpha - 1) * (alpha - 1);
      CHECK(std::abs(omega(net, inputs(6)) - 5 * each) < 1e-5 * each + 1e-12);
      CHECK(omega(net, inputs(1)) == 0.0);
    }
}

TEST_CASE("both variants of Pascanu's regulariser have the same value and another gradient") {
  const Net one{make_cell(Activation::tanh, 1.3), Variant::immediate};
  const Net other{one.cell, Variant::full};
  const Tensor x = inputs(5);
  CHECK(std::abs(omega(one, x) - omega(other, x)) < 1e-14);
  Tape tape;
  const Var a = one(tape.input(x)), b = other(tape.input(x));
  CHECK(distance(tape.backward(a)[one.cell.W_hh].value(),
                 tape.backward(b)[other.cell.W_hh].value()) > 1e-3);
}

TEST_CASE("the full Pascanu regulariser has the gradient it claims, padded or not") {
  for (const std::size_t steps : {2, 5, 20}) {
    const std::vector<std::size_t> lengths{steps, 1, (steps + 1) / 2};
    for (const bool padded : {false, true}) {
      const Net net{make_cell(Activation::tanh, 1.2), Variant::full,
                    padded ? sequence_mask(lengths) : Tensor()};
      const CheckReport report = gradcheck(net, inputs(steps), {.precision = false});
      INFO(to_string(report));
      CHECK(report.agrees());
    }
  }
  const GruCell gru = [] {
    Rng rng{3};
    GruCell cell{in, n, rng};
    to(cell, f64);
    return cell;
  }();
  const CheckReport report = gradcheck(
      [&](const Var& x) {
        const auto run = unroll(gru, x, {.fused = false});
        return pascanu(gru, x, run.h, sum(square(run.h.back())), {.variant = Variant::full});
      },
      inputs(4), {.precision = false});
  INFO(to_string(report));
  CHECK(report.agrees());
}

TEST_CASE("the immediate Pascanu regulariser has the gradient of what it does not hold constant") {
  // With h and u = dL/dh constant, of a tanh net: v = (u (1 - h'^2)) W_hh, h' = tanh(a'(h)).
  const Net net{make_cell(Activation::tanh, 1.2), Variant::immediate};
  const Tensor x = inputs(5);
  Tape tape;
  const Var input = tape.input(x);
  const auto run = unroll(net.cell, input, {.fused = false});
  const Var loss = sum(square(run.h.back()));
  const Gradients deltas = tape.backward(loss, wrt(std::span<const Var>(run.h)));
  const Gradients got = tape.backward(pascanu(net.cell, input, run.h, loss));
  Tape by_hand;
  Var total = by_hand.input(zeros({}, f64));
  for (std::size_t t = 1; t < 5; ++t) {
    const Var h = by_hand.input(run.h[t - 1].value()), u(deltas[run.h[t]].value());
    const Var next = net.cell(by_hand.input(x[t]), h);
    const Var v = matmul(u * (1.0 - square(next)), net.cell.W_hh.on(h));
    total = total + mean(square(norm(v, 1) / norm(u, 1) - 1.0));
  }
  const Gradients expected = by_hand.backward(total);
  for (const Parameter* p : {&net.cell.W_hh, &net.cell.W_xh, &net.cell.b})
    CHECK(distance(got[*p].value(), expected[*p].value()) < 1e-12);
}

TEST_CASE("a padded batch has the Pascanu regulariser of its sequences alone") {
  const std::vector<std::size_t> lengths{6, 2, 4};
  for (const Variant variant : {Variant::immediate, Variant::full}) {
    const Net padded{make_cell(Activation::tanh, 1.2), variant, sequence_mask(lengths)};
    const Net plain{padded.cell, variant};
    const Tensor x = inputs(6);
    double alone = 0;
    for (std::size_t b = 0; b < batch; ++b) {
      const Tensor whole = select(Var(x), 1, static_cast<std::int64_t>(b)).value();
      alone +=
          omega(plain, whole.rows(0, lengths[b]).reshape(Shape{lengths[b], std::size_t{1}, in})) /
          batch;
    }
    CHECK(std::abs(omega(padded, x) - alone) < 1e-13);
  }
}

TEST_CASE("Pascanu's regulariser of gradients at the edge of float32 is that of large ones") {
  RnnCell cell = make_cell(Activation::tanh, 1.2);
  to(cell, f32);
  const auto of = [&](double scale) {
    Tape tape;
    const auto run = unroll(cell, tape.input(inputs(3).to(f32)), {.fused = false});
    const Var loss = scale * sum(run.h.back());
    return pascanu(cell, inputs(3).to(f32), run.h, loss).item();
  };
  CHECK(std::abs(of(1e-30) - of(1.0)) < 1e-5 * of(1.0));
  CHECK(of(0.0) == 0.0);
}

TEST_CASE("Pascanu's regulariser refuses states that are slices, and lists that do not fit") {
  const RnnCell cell = make_cell(Activation::tanh, 1.0);
  Tape tape;
  const Var x = tape.input(inputs(4));
  const auto fused = unroll(cell, x);
  const Var loss = sum(fused.sequence);
  CHECK_THROWS_AS(pascanu(cell, x, fused.h, loss), TapeError);
  const auto run = unroll(cell, x, {.fused = false});
  const Var good = sum(run.h.back());
  CHECK_THROWS_AS(pascanu(cell, x, std::span(run.h).first(3), good), ValueError);
  CHECK_THROWS_AS(pascanu(cell, x, run.h, run.h.back()), ShapeError);
  CHECK_THROWS_AS(pascanu(cell, x, run.h, Var(scalar(1.0, f64))), TapeError);
  CHECK_THROWS_AS(pascanu(cell, x, run.h, good, {.mask = ones({3, batch})}), ShapeError);
}
