// SPDX-License-Identifier: MIT
#include "step_matrix.h"

#include <algorithm>
#include <cmath>

#include "../graph/rng.h"
#include "segment_tape.h"

namespace wengert::gradflow {

namespace {

/// Pulls cotangents from a node of each segment to the state before it.
class StepPull {
 public:
  explicit StepPull(const Timeline& timeline)
      : timeline_(timeline), range_(timeline, timeline.hidden(), false) {}

  /// The cotangent of h[t - 1] for those of `output` in segment t; empty if another state enters,
  /// or none does.
  std::vector<Tensor> operator()(std::size_t t, std::uint32_t output,
                                 const std::vector<Tensor>& cotangents) const {
    const std::uint32_t before = timeline_.hidden()[t - 1];
    if (output == before) return cotangents;
    if (output < timeline_.begin_of(t) || !range_.marked[output] || range_.ends[output]) return {};
    const SegmentTape tape(timeline_, t, range_, {&output, 1}, false);
    if (tape.entries().size() != 1 || tape.entries()[0].node != before) return {};
    std::vector<Tensor> result;
    for (const Tensor& cotangent : cotangents) {
      result.push_back(tape.pull({tape.at(output)}, {cotangent})[0]);
      if (!result.back().defined()) return {};
    }
    return result;
  }

 private:
  const Timeline& timeline_;
  SweepRange range_;
};

/// What the activation of step t is applied to; the state itself without one.
std::optional<std::uint32_t> linear_end(const Timeline& timeline, const Saturation& saturation,
                                        std::size_t t) {
  const std::uint32_t state = timeline.hidden()[t];
  if (saturation.uses.empty()) return state;
  if (!timeline.op(state) || timeline.op(state)->name() != saturation.uses[0].op) return {};
  const std::uint32_t input = timeline.recording().inputs(state)[0];
  if (timeline.value(input).shape() != timeline.value(state).shape()) return {};
  return input;
}

/// Row by row of the first step; each sample carries a row of its own.
std::optional<Tensor> first_matrix(const Timeline& timeline, const StepPull& pull,
                                   std::uint32_t output) {
  const std::size_t n = timeline.width(), batch = timeline.batch();
  std::vector<Tensor> units;
  for (std::size_t first = 0; first < n; first += batch) {
    Tensor unit = zeros(timeline.value(output).shape(), f64);
    for (std::size_t b = 0; b < std::min(batch, n - first); ++b)
      unit.mutable_data<double>()[b * n + first + b] = 1.0;
    units.push_back(std::move(unit));
  }
  const std::vector<Tensor> rows = pull(1, output, units);
  if (rows.empty()) return {};
  Tensor matrix = zeros({n, n}, f64);
  for (std::size_t i = 0; i < n; ++i)
    std::ranges::copy(rows[i / batch].data<double>().subspan(i % batch * n, n),
                      matrix.mutable_data<double>().begin() + static_cast<std::ptrdiff_t>(i * n));
  return matrix;
}

/// rows [batch, n] times M.
std::vector<double> product(std::span<const double> rows, const Tensor& matrix) {
  const std::size_t n = matrix.shape()[0];
  const std::span<const double> M = matrix.data<double>();
  std::vector<double> result(rows.size(), 0.0);
  for (std::size_t b = 0; b < rows.size() / n; ++b)
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) result[b * n + j] += rows[b * n + i] * M[i * n + j];
  return result;
}

bool same(std::span<const double> one, std::span<const double> other) {
  double size = 0.0, off = 0.0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    size = std::max(size, std::abs(one[i]));
    off = std::max(off, std::abs(one[i] - other[i]));
  }
  return off <= 1e-10 * size;
}

}  // namespace

std::optional<Tensor> step_matrix_of(const Timeline& timeline, const Saturation& saturation) {
  const std::size_t steps = timeline.steps(), n = timeline.width();
  if (steps < 2 || n == 0 || n > widest_step_matrix || saturation.uses.size() > 1) return {};
  const StepPull pull(timeline);
  std::optional<Tensor> matrix;
  // Numbers of which no other matrix makes the same.
  Rng rng{1};
  const Tensor probe = rng.normal(timeline.value(timeline.hidden()[0]).shape(), f64);
  std::vector<double> expected;
  for (std::size_t t = 1; t < steps; ++t) {
    const std::optional<std::uint32_t> output = linear_end(timeline, saturation, t);
    if (!output) return {};
    const std::vector<Tensor> seen = pull(t, *output, {probe});
    if (seen.empty()) return {};
    if (!matrix) {
      matrix = first_matrix(timeline, pull, *output);
      if (!matrix) return {};
      expected = product(probe.data<double>(), *matrix);
    }
    if (!same(expected, seen[0].data<double>())) return {};
  }
  return matrix;
}

bool is_whole_state(const Timeline& timeline) {
  const wengert::detail::Recording& recording = timeline.recording();
  const std::span<const std::uint32_t> hidden = timeline.hidden();
  const std::vector<bool> after = timeline.leading_from(hidden);
  const std::vector<bool> before = timeline.leading_to(hidden);
  for (std::uint32_t node = 0; node <= hidden.back(); ++node) {
    if (!before[node]) continue;
    for (const std::uint32_t input : recording.inputs(node)) {
      if (after[input] && timeline.segment_of(input) < timeline.segment_of(node) &&
          !std::ranges::binary_search(hidden, input))
        return false;
    }
  }
  return true;
}

Standing standing_of(const Timeline& timeline) {
  const std::size_t steps = timeline.steps(), n = timeline.width();
  if (steps < 2) return {};
  const std::uint32_t last = timeline.hidden().back();
  const auto state = [&](std::size_t t, std::size_t b) {
    return timeline.value(timeline.hidden()[t]).data<double>().subspan(b * n, n);
  };
  std::vector<std::size_t> still(timeline.batch(), 0);
  for (std::size_t b = 0; b < still.size(); ++b)
    while (still[b] + 1 < steps &&
           std::ranges::equal(state(steps - 1 - still[b], b), state(steps - 2 - still[b], b)))
      ++still[b];
  // All of them from the first step on: a net that keeps what it was given, not padding.
  if (std::ranges::all_of(still, [&](std::size_t k) { return k + 1 == steps; })) return {};
  if (std::ranges::all_of(still, [](std::size_t k) { return k == 0; })) return {};
  // A state may also have come to rest: then it forgets, and its derivative is no identity.
  Rng rng{1};
  const Tensor probe = rng.normal(timeline.value(last).shape(), f64);
  const std::vector<Tensor> seen = StepPull(timeline)(steps - 1, last, {probe});
  if (seen.empty()) return {};
  Standing result;
  for (std::size_t b = 0; b < still.size(); ++b) {
    if (still[b] == 0 || !std::ranges::equal(probe.data<double>().subspan(b * n, n),
                                             seen[0].data<double>().subspan(b * n, n)))
      continue;
    ++result.sequences;
    result.steps = std::max(result.steps, still[b]);
  }
  return result;
}

}  // namespace wengert::gradflow
