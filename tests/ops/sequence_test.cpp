// SPDX-License-Identifier: MIT
// Whole sequences against the same nets written step by step, and what only a sequence has: chunks
// of steps, weights that several sequences share, sequences of no steps.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <wengert/graph/checkpoint.h>
#include <wengert/graph/error.h>
#include <wengert/graph/op.h>
#include <wengert/graph/recording.h>
#include <wengert/graph/rng.h>
#include <wengert/graph/tape.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/arithmetic.h>
#include <wengert/ops/elementwise.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>
#include <wengert/ops/reduce.h>
#include <wengert/ops/sequence.h>

#include "catch.h"

// After Catch2.
#include <wengert/gradcheck/matchers.h>

namespace wg = wengert;
using wg::SequenceActivation;
using wg::Tensor;
using wg::Var;

namespace {

using Vars = std::vector<Var>;
/// Everything that the net gives: for an LSTM h and c, stacked.
using Net = std::function<Var(const Vars&)>;

struct Sizes {
  std::size_t steps, batch, in, units;
};

Var at(const Var& x, std::size_t t) { return select(x, 0, static_cast<std::int64_t>(t)); }
/// Block k of several of equal width along the last axis, or of rows of a weight.
Var columns(const Var& x, std::int64_t k, std::int64_t width) {
  return slice(x, -1, k * width, (k + 1) * width);
}
Var rows(const Var& x, std::int64_t k, std::int64_t height) {
  return slice(x, 0, k * height, (k + 1) * height);
}

Var activated(const Var& a, SequenceActivation kind) {
  switch (kind) {
    case SequenceActivation::tanh: return wengert::tanh(a);
    case SequenceActivation::relu: return relu(a);
    case SequenceActivation::sigmoid: return sigmoid(a);
    default: return a;
  }
}

Var rnn_steps(const Vars& v, SequenceActivation kind) {
  Vars states;
  Var h = v[1];
  for (std::size_t t = 0; t < v[0].shape()[0]; ++t)
    states.push_back(h = activated(linear(at(v[0], t), v[2], v[4]) + linear(h, v[3]), kind));
  return wg::stack(states);
}

Var lstm_steps(const Vars& v) {
  Vars hs, cs;
  Var h = v[1];
  Var c = v[2];
  const auto n = static_cast<std::int64_t>(h.shape().back());
  for (std::size_t t = 0; t < v[0].shape()[0]; ++t) {
    const Var a = linear(at(v[0], t), v[3], v[5]) + linear(h, v[4]);
    c = sigmoid(columns(a, 1, n)) * c + sigmoid(columns(a, 0, n)) * wengert::tanh(columns(a, 2, n));
    h = sigmoid(columns(a, 3, n)) * wengert::tanh(c);
    hs.push_back(h);
    cs.push_back(c);
  }
  return wg::stack({wg::stack(hs), wg::stack(cs)});
}

Var gru_steps(const Vars& v, wg::GruConvention convention) {
  Vars states;
  Var h = v[1];
  const auto n = static_cast<std::int64_t>(h.shape().back());
  const auto gate = [&](const Var& x, std::int64_t k) {
    return linear(x, rows(v[2], k, n), rows(v[4], k, n));
  };
  const auto back = [&](const Var& state, std::int64_t k) {
    return linear(state, rows(v[3], k, n), rows(v[5], k, n));
  };
  for (std::size_t t = 0; t < v[0].shape()[0]; ++t) {
    const Var x = at(v[0], t);
    const Var r = sigmoid(gate(x, 0) + back(h, 0));
    const Var z = sigmoid(gate(x, 1) + back(h, 1));
    const bool after = convention == wg::GruConvention::reset_after;
    const Var n_t = wengert::tanh(gate(x, 2) + (after ? r * back(h, 2) : back(r * h, 2)));
    states.push_back(h = (1.0 - z) * n_t + z * h);
  }
  return wg::stack(states);
}

struct Pair {
  std::string name;
  std::size_t gates, states, biases;
  Net whole, stepped;
};

std::vector<Pair> pairs() {
  std::vector<Pair> result;
  for (const auto& [name, kind] :
       {std::pair("tanh", SequenceActivation::tanh), std::pair("relu", SequenceActivation::relu),
        std::pair("sigmoid", SequenceActivation::sigmoid),
        std::pair("identity", SequenceActivation::identity)})
    result.push_back(
        {std::string("rnn ") + name, 1, 1, 1,
         [kind = kind](const Vars& v) { return rnn_sequence(v[0], v[1], v[2], v[3], v[4], kind); },
         [kind = kind](const Vars& v) { return rnn_steps(v, kind); }});
  result.push_back({"lstm", 4, 2, 1,
                    [](const Vars& v) {
                      const auto [h, c] = wg::lstm_sequence(v[0], v[1], v[2], v[3], v[4], v[5]);
                      return wg::stack({h, c});
                    },
                    lstm_steps});
  for (const auto& [name, kind] : {std::pair("gru, reset after", wg::GruConvention::reset_after),
                                   std::pair("gru, reset before", wg::GruConvention::reset_before)})
    result.push_back({name, 3, 1, 2,
                      [kind = kind](const Vars& v) {
                        return gru_sequence(v[0], v[1], v[2], v[3], v[4], v[5], kind);
                      },
                      [kind = kind](const Vars& v) { return gru_steps(v, kind); }});
  return result;
}

std::vector<Tensor> drawn(const Pair& net, const Sizes& s, wg::DType dtype, wg::Rng& rng) {
  const double bound = 1.5 / std::sqrt(static_cast<double>(s.units));
  std::vector<Tensor> result{rng.uniform({s.steps, s.batch, s.in}, -1, 1, dtype)};
  for (std::size_t k = 0; k < net.states; ++k)
    result.push_back(rng.uniform({s.batch, s.units}, -1, 1, dtype));
  const std::size_t height = net.gates * s.units;
  result.push_back(rng.uniform({height, s.in}, -1, 1, dtype));
  result.push_back(rng.uniform({height, s.units}, -bound, bound, dtype));
  for (std::size_t k = 0; k < net.biases; ++k)
    result.push_back(rng.uniform({height}, -0.5, 0.5, dtype));
  return result;
}

Vars on(wg::Tape& tape, const std::vector<Tensor>& values) {
  Vars result;
  for (const Tensor& value : values) result.push_back(tape.variable(value));
  return result;
}

double largest(const Tensor& x) {
  double result = 0;
  for (const double value : x.data<double>()) result = std::max(result, std::abs(value));
  return result;
}
/// Largest difference by the largest element.
double distance(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  if (a.size() == 0) return 0;
  const Tensor difference = (Var(a.to(wg::f64)) - Var(b.to(wg::f64))).value();
  return largest(difference) / std::max(largest(b.to(wg::f64)), 1e-300);
}

/// The output, the gradients of <cotangent, output>, and those of the gradients' squares.
struct Derived {
  Tensor value;
  std::vector<Tensor> first, second;
};
Derived derived(const Net& net, const std::vector<Tensor>& operands, const Tensor& cotangent,
                bool twice) {
  Derived result;
  wg::Tape tape;
  const Vars v = on(tape, operands);
  const Var y = net(v);
  result.value = y.value();
  const wg::Gradients plain = tape.backward(y, cotangent);
  for (const Var& x : v) result.first.push_back(plain[x].value());
  if (!twice) return result;
  const wg::Gradients recorded = tape.backward(y, tape.input(cotangent));
  Var squares = tape.input(wg::scalar(0, cotangent.dtype()));
  for (std::size_t k = 0; k < v.size(); ++k) {
    CHECK(distance(recorded[v[k]].value(), result.first[k]) <
          (cotangent.dtype() == wg::f64 ? 1e-13 : 2e-5));
    squares = squares + wg::sum(wg::square(recorded[v[k]]));
  }
  const wg::Gradients again = tape.backward(squares);
  for (const Var& x : v)  // a gradient that is constant has none
    result.second.push_back(again.find(x) ? again[x].value() : zeros_like(x.value()));
  return result;
}

Tensor cotangent_for(const Pair& net, const Sizes& s, wg::DType dtype, wg::Rng& rng) {
  return net.states == 2 ? rng.normal({2, s.steps, s.batch, s.units}, dtype)
                         : rng.normal({s.steps, s.batch, s.units}, dtype);
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return std::ranges::equal(a.data<double>(), b.data<double>());
}

}  // namespace

TEST_CASE("a sequence and its steps one by one have the same values and derivatives", "[ops]") {
  wg::Rng rng(5);
  for (const Pair& net : pairs())
    for (const Sizes& s : {Sizes{5, 2, 3, 4}, Sizes{7, 1, 1, 17}, Sizes{1, 3, 2, 5},
                           Sizes{6, 5, 4, 16}, Sizes{2, 3, 2, 1}}) {
      INFO(net.name << ", T " << s.steps << ", B " << s.batch << ", n " << s.units);
      const std::vector<Tensor> operands = drawn(net, s, wg::f64, rng);
      const Tensor cotangent = cotangent_for(net, s, wg::f64, rng);
      const Derived got = derived(net.whole, operands, cotangent, true);
      const Derived wanted = derived(net.stepped, operands, cotangent, true);
      CHECK(distance(got.value, wanted.value) < 1e-14);
      for (std::size_t k = 0; k < operands.size(); ++k) {
        INFO("operand " << k);
        CHECK(distance(got.first[k], wanted.first[k]) < 1e-13);
        CHECK(distance(got.second[k], wanted.second[k]) < 1e-12);
      }
    }
}

TEST_CASE("sequences longer than what is held at once have the gradients of their steps", "[ops]") {
  wg::Rng rng(6);
  for (const Pair& net : pairs())
    for (const Sizes& s : {Sizes{600, 1, 2, 3}, Sizes{19, 48, 2, 5}, Sizes{3, 300, 2, 4}}) {
      INFO(net.name << ", T " << s.steps << ", B " << s.batch);
      const std::vector<Tensor> operands = drawn(net, s, wg::f64, rng);
      const Tensor cotangent = cotangent_for(net, s, wg::f64, rng);
      const Derived got = derived(net.whole, operands, cotangent, false);
      const Derived wanted = derived(net.stepped, operands, cotangent, false);
      CHECK(distance(got.value, wanted.value) < 1e-12);
      for (std::size_t k = 0; k < operands.size(); ++k) {
        INFO("operand " << k);
        CHECK(distance(got.first[k], wanted.first[k]) < 1e-11);
      }
    }
}

TEST_CASE("in f32 a sequence differs from its steps by rounding only", "[ops]") {
  wg::Rng rng(7);
  for (const Pair& net : pairs()) {
    INFO(net.name);
    const Sizes s{12, 3, 2, 37};
    const std::vector<Tensor> operands = drawn(net, s, wg::f32, rng);
    const Tensor cotangent = cotangent_for(net, s, wg::f32, rng);
    const Derived got = derived(net.whole, operands, cotangent, false);
    const Derived wanted = derived(net.stepped, operands, cotangent, false);
    CHECK(distance(got.value, wanted.value) < 1e-5);
    for (std::size_t k = 0; k < operands.size(); ++k)
      CHECK(distance(got.first[k], wanted.first[k]) < 1e-5);
  }
}

TEST_CASE("a sequence's gradient by one operand alone is that beside the others", "[ops]") {
  wg::Rng rng(8);
  for (const Pair& net : pairs()) {
    const Sizes s{5, 2, 3, 4};
    const std::vector<Tensor> operands = drawn(net, s, wg::f64, rng);
    const Tensor cotangent = cotangent_for(net, s, wg::f64, rng);
    const Derived all = derived(net.whole, operands, cotangent, false);
    for (std::size_t k = 0; k < operands.size(); ++k) {
      INFO(net.name << ", operand " << k);
      for (const bool recorded : {false, true}) {
        wg::Tape tape;
        Vars v;
        for (std::size_t j = 0; j < operands.size(); ++j)
          v.push_back(j == k ? tape.variable(operands[j]) : tape.input(operands[j]));
        const Var y = net.whole(v);
        const wg::Gradients alone =
            tape.backward(y, recorded ? tape.input(cotangent) : Var(cotangent));
        CHECK(distance(alone[v[k]].value(), all.first[k]) < 1e-14);
      }
    }
  }
}

TEST_CASE("every part of what a sequence keeps for its pullback has the right gradient", "[ops]") {
  wg::Rng rng(13);
  for (const Pair& net : pairs()) {
    if (net.gates == 1) continue;  // it keeps its output only
    INFO(net.name);
    const std::function<Var(std::span<const Var>)> kept = [&](std::span<const Var> v) -> Var {
      const Var y = net.whole(Vars(v.begin(), v.end()));
      if (!y.on_tape()) {
        wg::Tape own;
        Vars inputs;
        for (const Var& x : v) inputs.push_back(own.variable(x.value()));
        return kept(inputs).value();
      }
      wg::detail::Recording* recording = wg::detail::Recording::of(y);
      std::uint32_t node = wg::detail::Recording::index_of(y);
      while (!recording->nodes[node].op->name().ends_with("_sequence"))
        node = recording->inputs(node)[0];
      REQUIRE(recording->nodes[node].value.shape()[0] > net.gates);
      return recording->at(node, recording->nodes[node].value);
    };
    CHECK_THAT(kept, wg::GradientsMatch(drawn(net, {3, 2, 2, 3}, wg::f64, rng)));
    CHECK_THAT(kept, wg::SecondOrderMatches(drawn(net, {2, 2, 1, 3}, wg::f64, rng)));
  }
}

TEST_CASE("weights that two sequences share gather both gradients", "[ops]") {
  wg::Rng rng(9);
  for (const Pair& net : pairs()) {
    INFO(net.name);
    const Sizes s{4, 2, 3, 4};
    const std::vector<Tensor> operands = drawn(net, s, wg::f64, rng);
    const auto stacked = [](const Net& f) -> Net {
      return [f](const Vars& v) {
        Vars again = v;
        again[0] = flip(v[0], {0});
        return f(v) * f(again);
      };
    };
    const Tensor cotangent = cotangent_for(net, s, wg::f64, rng);
    const Derived got = derived(stacked(net.whole), operands, cotangent, true);
    const Derived wanted = derived(stacked(net.stepped), operands, cotangent, true);
    for (std::size_t k = 0; k < operands.size(); ++k) {
      CHECK(distance(got.first[k], wanted.first[k]) < 1e-13);
      CHECK(distance(got.second[k], wanted.second[k]) < 1e-12);
    }
  }
}

TEST_CASE("one value may be several operands of a sequence", "[ops]") {
  wg::Rng rng(10);
  const Tensor x = rng.normal({4, 3, 3}, wg::f64);
  const Tensor square = rng.normal({3, 3}, wg::f64);
  const Tensor b = rng.normal({3}, wg::f64);
  const auto spread = [](const Net& f) -> Net {
    return [f](const Vars& v) { return f({v[0], v[1], v[1], v[1], v[2]}); };
  };
  const Pair net = pairs().front();
  const Tensor cotangent = rng.normal({4, 3, 3}, wg::f64);
  const Derived got = derived(spread(net.whole), {x, square, b}, cotangent, true);
  const Derived wanted = derived(spread(net.stepped), {x, square, b}, cotangent, true);
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(distance(got.first[k], wanted.first[k]) < 1e-13);
    CHECK(distance(got.second[k], wanted.second[k]) < 1e-12);
  }
}

TEST_CASE("a checkpointed sequence has the bits of the plain one", "[ops]") {
  wg::Rng rng(11);
  for (const Pair& net : pairs()) {
    INFO(net.name);
    const Sizes s{6, 2, 3, 5};
    const std::vector<Tensor> operands = drawn(net, s, wg::f64, rng);
    const Tensor cotangent = cotangent_for(net, s, wg::f64, rng);
    const Derived plain = derived(net.whole, operands, cotangent, false);
    wg::Tape tape;
    const Vars v = on(tape, operands);
    const auto inside = [&](const Var& x) {
      Vars own = v;
      own[0] = x;
      return net.whole(own);
    };
    const wg::Gradients gradients = tape.backward(wg::checkpoint(inside)(v[0]), cotangent);
    for (std::size_t k = 0; k < v.size(); ++k)
      CHECK(same_bits(gradients[v[k]].value(), plain.first[k]));
  }
}

TEST_CASE("a sequence of no steps or no rows gives none and gradients of zero", "[ops]") {
  wg::Rng rng(12);
  for (const Pair& net : pairs())
    for (const Sizes& s : {Sizes{0, 2, 3, 4}, Sizes{3, 0, 2, 4}, Sizes{0, 0, 1, 2}}) {
      INFO(net.name << ", T " << s.steps << ", B " << s.batch);
      const std::vector<Tensor> operands = drawn(net, s, wg::f64, rng);
      const Tensor cotangent = cotangent_for(net, s, wg::f64, rng);
      const Derived got = derived(net.whole, operands, cotangent, true);
      CHECK(got.value.shape() == cotangent.shape());
      for (std::size_t k = 0; k < operands.size(); ++k)
        for (const Tensor& gradient : {got.first[k], got.second[k]}) {
          CHECK(gradient.shape() == operands[k].shape());
          CHECK(largest(gradient) == 0);
        }
    }
}

TEST_CASE("a relu sequence names the side of the kink of every unit at every step", "[ops]") {
  wg::Tape tape;
  const Var x = tape.variable(Tensor::from<double>(std::vector<double>{1, 0, -3}, {3, 1, 1}));
  const Var one = tape.input(wg::ones({1, 1}, wg::f64));
  const Var y = rnn_sequence(x, tape.input(wg::zeros({1, 1}, wg::f64)), one, one * 0.0,
                             tape.input(wg::zeros({1}, wg::f64)), SequenceActivation::relu);
  const wg::detail::Recording& recording = tape.recording();
  const std::uint32_t node = wg::detail::Recording::index_of(y);
  const std::vector<Tensor> values = {x.value(), wg::zeros({1, 1}, wg::f64),
                                      wg::ones({1, 1}, wg::f64), wg::zeros({1, 1}, wg::f64),
                                      wg::zeros({1}, wg::f64)};
  std::vector<const Tensor*> operands;
  for (const Tensor& value : values) operands.push_back(&value);
  const Tensor sides = recording.nodes[node].op->branches(wg::Operands(operands), y.value());
  REQUIRE(sides.size() == 3);
  CHECK(sides.at({0, 0, 0}) == 1);
  CHECK(sides.at({1, 0, 0}) == 0);
  CHECK(sides.at({2, 0, 0}) == -1);
}

TEST_CASE("NaN goes through a relu sequence", "[ops]") {
  const Tensor x = wg::full({2, 1, 1}, std::nan(""), wg::f64);
  const Tensor one = wg::ones({1, 1}, wg::f64);
  const Var y = rnn_sequence(x, one, one, one, wg::zeros({1}, wg::f64), SequenceActivation::relu);
  CHECK(std::isnan(y.value().at({1, 0, 0})));
}

TEST_CASE("operands that do not make a sequence are named with the shape they should have",
          "[ops]") {
  using Catch::Matchers::ContainsSubstring;
  const auto zeros = [](const wg::Shape& shape) { return Var(wg::zeros(shape)); };
  const Var x = zeros({5, 2, 3});
  const Var h = zeros({2, 4});
  const Var b = zeros({4});
  const Var W = zeros({4, 4});
  CHECK_THROWS_WITH(
      rnn_sequence(zeros({5, 3}), h, zeros({4, 3}), W, b),
      ContainsSubstring("rnn_sequence: x has shape [5, 3], not [time, batch, in]; unsqueeze(x, 1) "
                        "makes a batch of one"));
  CHECK_THROWS_WITH(
      rnn_sequence(x, zeros({3, 4}), zeros({4, 3}), W, b),
      ContainsSubstring(
          "rnn_sequence: h0 has shape [3, 4]; for x [5, 2, 3] and 4 units it has to be "
          "[2, 4]"));
  CHECK_THROWS_WITH(
      rnn_sequence(x, h, zeros({3, 4}), W, b),
      ContainsSubstring("W_xh has shape [3, 4]; for x [5, 2, 3] and 4 units it has to be "
                        "[4, 3]"));
  CHECK_THROWS_WITH(rnn_sequence(x, h, zeros({4, 3}), zeros({4, 5}), b),
                    ContainsSubstring("W_hh has shape [4, 5], not [n, n]"));
  CHECK_THROWS_WITH(
      rnn_sequence(x, h, zeros({4, 3}), W, zeros({1})),
      ContainsSubstring("b has shape [1]; for x [5, 2, 3] and 4 units it has to be [4]"));
  CHECK_THROWS_WITH(wg::lstm_sequence(x, h, h, zeros({16, 3}), W, zeros({16})),
                    ContainsSubstring("lstm_sequence: W_h has shape [4, 4], not [4 n, n]"));
  CHECK_THROWS_WITH(wg::lstm_sequence(x, h, b, zeros({16, 3}), zeros({16, 4}), zeros({16})),
                    ContainsSubstring("c0 has shape [4]; for x"));
  CHECK_THROWS_WITH(gru_sequence(x, h, zeros({12, 3}), zeros({12, 4}), zeros({12}), b),
                    ContainsSubstring("gru_sequence: b_h has shape [4]; for x"));
  CHECK_THROWS_AS(rnn_sequence(x, wg::zeros({2, 4}, wg::f64), zeros({4, 3}), W, b), wg::DTypeError);
  CHECK_THROWS_AS(gru_sequence(wg::zeros({5, 2, 3}, wg::i64), h, zeros({12, 3}), zeros({12, 4}),
                               zeros({12}), zeros({12})),
                  wg::DTypeError);
}
