// SPDX-License-Identifier: MIT
#include "pascanu.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "../../graph/backward.h"
#include "../../graph/error.h"
#include "../../graph/recording.h"
#include "../../graph/transforms.h"
#include "../../ops/arithmetic.h"
#include "../../ops/elementwise.h"
#include "../../ops/layout.h"
#include "../../ops/reduce.h"
#include "sequence_mask.h"

namespace wengert::detail {

namespace {

/// Gradients of the loss by the states, recorded where they are to be differentiated.
Gradients by_states(Recording& tape, const Var& loss, std::span<const Var> hs, bool recorded) {
  const Tensor unit = ones_like(loss.value());
  const Var one = recorded ? tape.leaf(unit, Leaf::constant) : Var(unit);
  Wrt by;
  by.add(hs);
  return Sweep(tape, std::span(&loss, 1), std::span(&one, 1), &by).run();
}

Recording& require_states(std::size_t inputs, std::span<const Var> hs, const Var& loss) {
  if (hs.empty()) throw ValueError("pascanu: there are no states; unroll with .lists");
  if (inputs != hs.size())
    throw ValueError(fmt::format("pascanu: {} inputs but {} states; both belong to all steps",
                                 inputs, hs.size()));
  if (loss.size() != 1)
    throw ShapeError(
        fmt::format("pascanu: the loss has shape {}; reduce it first", to_string(loss.shape())));
  Recording* tape = Recording::of(loss);
  if (!tape) throw TapeError("pascanu: the loss is on no tape; was x made with tape.input(...)?");
  for (std::size_t t = 0; t < hs.size(); ++t)
    if (Recording::of(hs[t]) != tape || !hs[t].tracked())
      throw TapeError(fmt::format("pascanu: state {} is not tracked on the tape of the loss", t));
  return *tape;
}

void require_recurrence(Recording& tape, std::span<const Var> hs) {
  const std::size_t last = hs.size() - 1;
  const Var one(ones_like(hs[last].value()));
  Wrt by;
  by.add(hs[last - 1]);
  if (!Sweep(tape, hs.subspan(last), std::span(&one, 1), &by).run().find(hs[last - 1]))
    throw TapeError(
        fmt::format("pascanu: state {} does not lead to state {}; slices of a fused sequence do "
                    "not, so unroll with .fused = false",
                    last - 1, last));
}

/// A power of two that brings a sample's largest element near 1, so that squares stay in range and
/// nothing is rounded, and whether the sample counts.
struct Samples {
  Tensor scale;   ///< [batch, 1]
  Tensor counts;  ///< [batch] of 0 and 1
};
Samples samples_of(const Tensor& delta, const Tensor& mask, std::size_t t) {
  const std::size_t batch = delta.shape()[0], width = delta.size() / batch;
  Samples result{ones({batch, 1}, delta.dtype()), zeros({batch}, delta.dtype())};
  dispatch_float(delta.dtype(), [&]<class T>(T) {
    const std::span<const T> values = delta.data<T>();
    const std::span<T> scale = result.scale.mutable_data<T>();
    const std::span<T> counts = result.counts.mutable_data<T>();
    for (std::size_t b = 0; b < batch; ++b) {
      T largest = 0;
      for (const T value : values.subspan(b * width, width))
        if (!(std::abs(value) <= largest)) largest = std::abs(value);
      const auto at = [](std::size_t i) { return static_cast<Extent>(i); };
      if (largest < std::numeric_limits<T>::min() ||
          (mask.defined() && mask.at({at(t), at(b)}) == 0.0))
        continue;
      scale[b] = std::ldexp(
          T{1}, std::max(-std::ilogb(largest), 1 - std::numeric_limits<T>::max_exponent + 1));
      counts[b] = 1;
    }
  });
  return result;
}

}  // namespace

Var pascanu(const StateStep& step, std::size_t inputs, std::span<const Var> hs, const Var& loss,
            const PascanuOptions& options) {
  Recording& tape = require_states(inputs, hs, loss);
  const std::size_t batch = hs[0].shape()[0];
  if (options.mask.defined()) require_sequence_mask("pascanu", options.mask, hs.size(), batch);
  Var total = tape.leaf(zeros({}, loss.dtype()), Leaf::constant);
  if (hs.size() == 1) return total;
  require_recurrence(tape, hs);
  const bool full = options.variant == PascanuOptions::Variant::full;
  const Gradients gradients = by_states(tape, loss, hs, full);
  for (std::size_t t = 1; t < hs.size(); ++t) {
    const Var* delta = gradients.find(hs[t]);
    if (!delta) continue;  // no loss after this step
    const Samples samples = samples_of(delta->value(), options.mask, t);
    const auto rows = flatten(*delta) * Var(samples.scale);
    const Var cotangent = reshape(rows, hs[t].shape());
    const Var before = full ? hs[t - 1] : tape.leaf(hs[t - 1].value(), Leaf::input);
    const Var pulled = vjp([&](const Var& h) { return step(t, h); }, before, cotangent).gradient;
    const Var counts(samples.counts);
    const Var ratio = norm(flatten(pulled), 1) / (norm(rows, 1) + (1.0 - counts));
    total = total + sum(counts * square(ratio - 1.0)) / static_cast<double>(batch);
  }
  return total;
}

}  // namespace wengert::detail
