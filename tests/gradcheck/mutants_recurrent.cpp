// SPDX-License-Identifier: MIT
// Wrong backpropagation through time: each op is a whole unrolled net with a pullback by hand.
#include <algorithm>

#include <wengert/ops/activation.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>
#include <wengert/ops/reduce.h>

#include "gradcheck/mutants_build.h"

namespace wengert::mutants {
namespace {

using V = const Var&;

std::int64_t steps(V x) { return static_cast<std::int64_t>(x.shape()[0]); }

// h_t = tanh(x_t + h_{t-1} w): x [T, B, n], w [n, n], h0 [B, n] -> all h_t.
Var unrolled(V x, V w, V h0) {
  std::vector<Var> states;
  Var h = h0;
  for (std::int64_t t = 0; t < steps(x); ++t)
    states.push_back(h = wengert::tanh(select(x, 0, t) + matmul(h, w)));
  return stack(states);
}
struct Flaws {
  bool recurrent_term = true;
  bool initial_state = true;
  bool last_step_only = false;
};
Triple unrolled_pullback(V x, V w, V h0, V y, V g, const Flaws& flaws) {
  std::vector<Var> by_x(x.shape()[0]);
  Var by_w = zeros_of(w);
  Var carried = zeros_of(h0);
  for (std::int64_t t = steps(x); t-- > 0;) {
    const Var h = select(y, 0, t);
    const Var before = t > 0 ? select(y, 0, t - 1) : flaws.initial_state ? h0 : 0 * h0;
    Var cotangent = select(g, 0, t);
    if (flaws.last_step_only && t + 1 < steps(x)) cotangent = 0 * cotangent;
    const Var a = (cotangent + carried) * (1 - h * h);
    by_x[static_cast<std::size_t>(t)] = a;
    by_w = by_w + matmul(before, a, {.left = true});
    carried = flaws.recurrent_term || t == 0 ? matmul(a, w, {.right = true}) : zeros_of(h0);
  }
  return {stack(by_x), by_w, carried};
}
Mutant unrolled_mutant(const Flaws& flaws, Case row) {
  return op_mutant<3>(
      "rnn", unrolled,
      [flaws](V x, V w, V h0, V y, V g) { return unrolled_pullback(x, w, h0, y, g, flaws); },
      [](V x, V w, V h0, V y, V g) { return unrolled_pullback(x, w, h0, y, g, {}); },
      std::move(row));
}
std::vector<Tensor> unrolled_inputs(std::uint64_t seed) {
  return {normal(seed, {5, 2, 3}), normal(seed + 1, {3, 3}), normal(seed + 2, {2, 3})};
}

// The same layer at every time step: x [T, B, n], w [n, m].
Var every_step(V x, V w) { return matmul(x, w); }
Var shared_weight(V x, V g, std::int64_t begin, std::int64_t end) {
  return sum(matmul(transpose(slice(x, 0, begin, end)), slice(g, 0, begin, end)), 0);
}
template <class Wrong>
Mutant every_step_mutant(Wrong wrong, Case row) {
  return op_mutant<2>(
      "time_distributed", every_step,
      [wrong](V x, V w, V, V g) {
        return Pair{matmul(g, w, {.right = true}), wrong(x, g)};
      },
      [](V x, V w, V, V g) {
        return Pair{matmul(g, w, {.right = true}), shared_weight(x, g, 0, steps(x))};
      },
      std::move(row));
}
std::vector<Tensor> every_step_inputs(std::uint64_t seed) {
  return {normal(seed, {5, 3, 3}), normal(seed + 1, {3, 4})};
}

// gates [B, 4 n] before activation in the order i, f, g, o, and c [B, n] -> h and c' as [B, 2 n].
struct Gates {
  Var i, f, g, o;
};
Gates gates_of(V a) {
  const std::vector<Var> parts = split(a, 4, 1);
  return {sigmoid(parts[0]), sigmoid(parts[1]), wengert::tanh(parts[2]), sigmoid(parts[3])};
}
Var lstm_cell(V a, V c) {
  const Gates gate = gates_of(a);
  const Var next = gate.f * c + gate.i * gate.g;
  return concat({gate.o * wengert::tanh(next), next}, 1);
}
struct CellFlaws {
  bool input_gate_by_i = false;
  bool tanh_again = false;
  bool cell_cut = false;
};
Pair lstm_pullback(V a, V c, V y, V cotangent, const CellFlaws& flaws) {
  const Gates gate = gates_of(a);
  const std::vector<Var> incoming = split(cotangent, 2, 1);
  const Var t = wengert::tanh(split(y, 2, 1)[1]);
  const Var by_c = incoming[1] + incoming[0] * gate.o * (1 - t * t);
  const Var candidate = flaws.tanh_again ? wengert::tanh(gate.g) : gate.g;
  const Var by_i = by_c * (flaws.input_gate_by_i ? gate.i : gate.g) * gate.i * (1 - gate.i);
  const Var by_f = by_c * c * gate.f * (1 - gate.f);
  const Var by_g = by_c * gate.i * (1 - candidate * candidate);
  const Var by_o = incoming[0] * t * gate.o * (1 - gate.o);
  return {concat({by_i, by_f, by_g, by_o}, 1), flaws.cell_cut ? 0 * by_c : by_c * gate.f};
}
Mutant lstm_mutant(const CellFlaws& flaws, Case row) {
  return op_mutant<2>(
      "lstm_cell", lstm_cell,
      [flaws](V a, V c, V y, V g) { return lstm_pullback(a, c, y, g, flaws); },
      [](V a, V c, V y, V g) { return lstm_pullback(a, c, y, g, {}); }, std::move(row));
}
std::vector<Tensor> lstm_inputs(std::uint64_t seed) {
  return {normal(seed, {3, 8}), normal(seed + 1, {3, 2})};
}

// Forward in time with one weight, backward with the other, added.
Var reversed(V x) { return flip(x, {0}); }
Var both_ways(V x, V forth, V back) {
  const Var h0 = zeros_of(select(x, 0, 0));
  return unrolled(x, forth, h0) + reversed(unrolled(reversed(x), back, h0));
}
Triple both_ways_pullback(V x, V forth, V back, V g, bool accumulated, bool overwritten) {
  const Var h0 = zeros_of(select(x, 0, 0));
  const Triple there = unrolled_pullback(x, forth, h0, unrolled(x, forth, h0), g, {});
  const Var turned = reversed(x);
  const Triple again = unrolled_pullback(turned, back, h0, unrolled(turned, back, h0),
                                         reversed(overwritten ? there[0] : g), {});
  return {there[0] + reversed(again[0]), there[1], accumulated ? again[1] : 0 * again[1]};
}
Mutant both_ways_mutant(bool accumulated, bool overwritten, Case row) {
  return op_mutant<3>(
      "bidirectional", both_ways,
      [=](V x, V forth, V back, V, V g) {
        return both_ways_pullback(x, forth, back, g, accumulated, overwritten);
      },
      [](V x, V forth, V back, V, V g) {
        return both_ways_pullback(x, forth, back, g, true, false);
      },
      std::move(row));
}
std::vector<Tensor> both_ways_inputs(std::uint64_t seed) {
  return {normal(seed, {4, 2, 3}), normal(seed + 1, {3, 3}), normal(seed + 2, {3, 3})};
}

}  // namespace

std::vector<Mutant> recurrent() {
  std::vector<Mutant> list;
  const Tensor weight = normal(80, {3, 3});
  const auto plain = [weight](V x) {
    return unrolled(x, constant(weight, x), zeros_of(select(x, 0, 0)));
  };
  const auto plain_pullback = [weight](const Flaws& flaws) {
    return [weight, flaws](V x, V y, V g) {
      return unrolled_pullback(x, constant(weight, x), zeros_of(select(x, 0, 0)), y, g, flaws)[0];
    };
  };
  list.push_back(op_mutant<1>("rnn", plain, plain_pullback({.recurrent_term = false}),
                              plain_pullback({}),
                              {"no recurrent term",
                               "what a state does to the next step is left out of its gradient",
                               {normal(81, {5, 2, 3})},
                               Hint::cross_term,
                               Tier::directions,
                               "mlpack PR 3859"}));
  list.push_back(unrolled_mutant(
      {.initial_state = false},
      {"initial state taken for 0",
       "the weight's gradient of step 0 is computed as if the state before it were 0",
       unrolled_inputs(84), Hint::formula, Tier::directions, "swift-apis PR 660"}));
  list.push_back(
      unrolled_mutant({.last_step_only = true},
                      {"last step only", "all steps are returned, the last one's cotangent is used",
                       unrolled_inputs(87), Hint::first_or_last_step}));
  const Tensor small = uniform(114, {3, 3}, -0.2, 0.2);
  const auto last = [small](V x) {
    const Var w = constant(small, x);
    return select(unrolled(x, w, zeros_of(select(x, 0, 0))), 0, steps(x) - 1);
  };
  const auto last_pullback = [small](std::int64_t horizon) {
    return [small, horizon](V x, V, V g) {
      const Var w = constant(small, x);
      const Var h0 = zeros_of(select(x, 0, 0));
      std::vector<Var> cotangents(x.shape()[0], h0);
      cotangents.back() = g;
      const Var all = unrolled_pullback(x, w, h0, unrolled(x, w, h0), stack(cotangents), {})[0];
      const std::int64_t cut = std::max<std::int64_t>(0, steps(x) - horizon);
      return concat({0 * slice(all, 0, 0, cut), slice(all, 0, cut, steps(x))}, 0);
    };
  };
  list.push_back(
      op_mutant<1>("last_state", last, last_pullback(5), last_pullback(1000),
                   {"chain cut after 5 steps",
                    "backpropagation is truncated; with small weights hardly anything is missing",
                    {normal(113, {8, 2, 3})},
                    Hint::slice}));
  list.push_back(op_mutant<2>(
      "recurrent_product",
      [](V states, V w) { return matmul(slice(states, 0, 0, steps(states) - 1), w); },
      [](V states, V w, V, V g) {
        return Pair{pad(matmul(g, w, {.right = true}), {{0, 1}, {0, 0}}),
                    matmul(slice(states, 0, 1, steps(states)), g, {.left = true})};
      },
      [](V states, V w, V, V g) {
        return Pair{pad(matmul(g, w, {.right = true}), {{0, 1}, {0, 0}}),
                    matmul(slice(states, 0, 0, steps(states) - 1), g, {.left = true})};
      },
      {"h_t for h_{t-1}",
       "the recurrent weight's gradient uses each step's own state, not the one before",
       {normal(90, {6, 3}), normal(91, {3, 4})},
       Hint::shifted_input}));
  list.push_back(every_step_mutant(
      [](V x, V g) { return shared_weight(x, g, 0, 1); },
      {"weight of step 0", "a weight that all steps share is gathered once, from step 0",
       every_step_inputs(92), Hint::first_or_last_step}));
  list.push_back(
      every_step_mutant([](V x, V g) { return shared_weight(x, g, 1, steps(x)); },
                        {"loop ends at t > 0", "step 0 is left out of the shared weight's gradient",
                         every_step_inputs(94), Hint::first_or_last_step}));
  list.push_back(every_step_mutant(
      [](V x, V g) { return shared_weight(x, g, 0, steps(x)) / static_cast<double>(steps(x)); },
      {"averaged over time", "the shared weight's gradient is divided by the number of steps",
       every_step_inputs(96), Hint::mean_for_sum}));
  list.push_back(every_step_mutant(
      [](V x, V g) { return shared_weight(x, g, 0, steps(x)) * static_cast<double>(x.shape()[1]); },
      {"times the batch", "the shared weight's gradient is counted once more for every sample",
       every_step_inputs(98), Hint::mean_for_sum}));
  list.push_back(lstm_mutant({.input_gate_by_i = true},
                             {"LSTM: i for g", "dc/di is the candidate g, but i was written",
                              lstm_inputs(100), Hint::slice}));
  list.push_back(
      lstm_mutant({.tanh_again = true},
                  {"LSTM: tanh' of g", "the candidate, activated already, is activated once more",
                   lstm_inputs(102), Hint::slice}));
  list.push_back(lstm_mutant({.cell_cut = true},
                             {"LSTM: cell state cut", "no gradient reaches the cell state before",
                              lstm_inputs(104), Hint::detached}));
  list.push_back(both_ways_mutant(
      false, false,
      {"one direction only", "the backward direction's weight gradient is never added",
       both_ways_inputs(106), Hint::detached, Tier::directions, "mlpack PR 1742"}));
  list.push_back(both_ways_mutant(
      true, true,
      {"cotangent overwritten",
       "the first direction's result is written over what the second one still has to read",
       both_ways_inputs(109), Hint::formula, Tier::directions, "MXNet PR 18203"}));
  return list;
}

}  // namespace wengert::mutants
