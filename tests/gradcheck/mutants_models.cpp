// SPDX-License-Identifier: MIT
// Mistakes of models rather than of ops: values cut loose from the tape, hidden state, chance,
// and what only float32 shows.
#include <memory>

#include <wengert/ops/activation.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>
#include <wengert/ops/reduce.h>

#include "gradcheck/mutants_build.h"

namespace wengert::mutants {
namespace {

using V = const Var&;
using Inputs = std::span<const Var>;

// tanh(x_t + h_{t-1} w), the last state; `through` says what the next step sees of the last.
template <class F>
Var last_state(Inputs xs, F through) {
  Var h = zeros_of(select(xs[0], 0, 0));
  for (std::int64_t t = 0; t < static_cast<std::int64_t>(xs[0].shape()[0]); ++t)
    h = wengert::tanh(select(xs[0], 0, t) + matmul(through(h), xs[1]));
  return h;
}

// A module that keeps its last output for the pullback, as if it were used once a pass.
Var cached_twice(Inputs xs, bool own_output) {
  const auto cache = std::make_shared<Tensor>();
  const auto layer = custom_op<1>(
      "cached_tanh",
      [cache](V x) {
        const Var y = wengert::tanh(x);
        *cache = y.value();
        return y;
      },
      [cache, own_output](V, V y, V g) {
        const Var kept = own_output ? y : cast(Var(*cache), g.dtype());
        return g * (1 - kept * kept);
      });
  const Var first = layer(xs[0]);
  return first + layer(2 * first - 1);
}

// A pullback that adds to what it returned the time before.
Var never_cleared(Inputs xs, bool cleared) {
  const auto kept = std::make_shared<Tensor>();
  return custom_op<1>(
      "uncleared", [](V x) { return x * x; },
      [kept, cleared](V x, V, V g) {
        if (cleared) return 2 * g * x;
        Var total = 2 * g * x;
        if (kept->defined() && kept->dtype() == x.dtype()) total = total + Var(*kept);
        *kept = total.value();
        return total;
      })(xs[0]);
}

// (1 - cos x) / x^2, and two formulas for its derivative.
Var versine(V x) {
  const Var half = wengert::sin(0.5 * x) / x;
  return 2 * half * half;
}
Var versine_slope_cancelling(V x) {
  return (x * wengert::sin(x) - 2 * (1 - wengert::cos(x))) / (x * x * x);
}
Var versine_slope(V x) {  // its series; the inputs are below 0.1
  const Var s = x * x;
  return x * (-1.0 / 12 + s * (1.0 / 180 - s * (1.0 / 6720 - s * (1.0 / 453600))));
}

}  // namespace

std::vector<Mutant> models() {
  std::vector<Mutant> list;
  const auto model = [&](Case row, Model wrong, Model right) {
    list.push_back({row.name,
                    row.what,
                    row.origin,
                    std::move(wrong),
                    std::move(right),
                    row.inputs,
                    row.tier,
                    row.hint,
                    false,
                    {}});
  };
  model(
      {"input cut loose",
       "one of two uses of the input goes through .value()",
       {normal(161, {4})},
       Hint::off_tape,
       Tier::repeatability},
      [](Inputs xs) { return sum(xs[0] * wengert::sin(Var(xs[0].value()))); },
      [](Inputs xs) { return sum(xs[0] * wengert::sin(xs[0])); });
  model(
      {"parameter cut loose",
       "a layer multiplies by weight.value()",
       {normal(162, {3, 4}), normal(163, {2, 4}), normal(164, {2})},
       Hint::off_tape,
       Tier::repeatability},
      [](Inputs xs) { return linear(xs[0], Var(xs[1].value()), xs[2]); },
      [](Inputs xs) { return linear(xs[0], xs[1], xs[2]); });
  model(
      {"state cut loose",
       "an unrolled net hands h.value() to the next step",
       {normal(165, {4, 2, 3}), normal(166, {3, 3})},
       Hint::off_tape,
       Tier::repeatability},
      [](Inputs xs) { return last_state(xs, [](V h) { return Var(h.value()); }); },
      [](Inputs xs) { return last_state(xs, [](V h) { return h; }); });
  model(
      {"number on the host",
       "the largest element is read as a number and multiplied by",
       {tensor({0.3, 1.7, -0.4})},
       Hint::off_tape,
       Tier::repeatability},
      [](Inputs xs) { return xs[0] * Var(max(Var(xs[0].value()))).item(); },
      [](Inputs xs) { return xs[0] * max(xs[0]); });
  list.back().right = [](Inputs xs) {  // a branch on the host is fine: the tape has the one taken
    const bool positive = Var(sum(Var(xs[0].value()))).item() > 0;
    return positive ? wengert::sin(xs[0]) : wengert::cos(xs[0]);
  };
  const auto count = std::make_shared<int>(0);
  model(
      {"a counter",
       "every other call of the function adds 1e-3 of its input",
       {normal(167, {3})},
       Hint::nondeterministic,
       Tier::repeatability},
      [count](Inputs xs) { return wengert::sin(xs[0]) + xs[0] * (1e-3 * ((*count)++ % 2)); },
      [](Inputs xs) { return wengert::sin(xs[0]); });
  model(
      {"gradient not cleared",
       "a second backward pass adds to the first one's result",
       {normal(168, {3, 2})},
       Hint::nondeterministic,
       Tier::repeatability},
      [](Inputs xs) { return never_cleared(xs, false); },
      [](Inputs xs) { return never_cleared(xs, true); });
  list.back().culprit = "uncleared";
  model(
      {"activation overwritten",
       "a layer that is used twice keeps only its last output for both pullbacks",
       {normal(169, {3, 2})},
       Hint::formula},
      [](Inputs xs) { return cached_twice(xs, false); },
      [](Inputs xs) { return cached_twice(xs, true); });
  list.push_back(op_mutant<1>(
      "versine", versine, [](V x, V, V g) { return g * versine_slope_cancelling(x); },
      [](V x, V, V g) { return g * versine_slope(x); },
      {"cancellation in float32",
       "a formula that subtracts nearly equal numbers: good in float64, 1e-3 off in float32",
       {tensor({0.021, -0.034, 0.027, 0.045, -0.018})},
       Hint::precision,
       Tier::precision}));
  return list;
}

}  // namespace wengert::mutants
