// SPDX-License-Identifier: MIT
// T4: single elements; all of a small problem, of a large one the corners, the largest gradients
// and some at random.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "difference.h"
#include "examination.h"

namespace wengert::detail {
namespace {

/// The elements of a leaf to look at, ascending.
std::vector<std::size_t> chosen(Examination& e, const CheckedLeaf& leaf) {
  const std::size_t size = leaf.value.size();
  std::vector<std::size_t> all(size);
  for (std::size_t i = 0; i < size; ++i) all[i] = i;
  constexpr std::size_t some_of_each = 8;
  if (e.report.elements <= e.options.coordinates || size <= 2 * some_of_each + 4) return all;
  const std::span<const double> g = leaf.gradient.data<double>();
  std::partial_sort(all.begin(), all.begin() + some_of_each, all.end(),
                    [&](std::size_t a, std::size_t b) { return std::abs(g[a]) > std::abs(g[b]); });
  std::vector<std::size_t> some(all.begin(), all.begin() + some_of_each);
  const std::size_t row = leaf.value.shape().back();
  some.insert(some.end(), {0, row - 1, size - row, size - 1});
  const Tensor random = e.rng.integers(0, static_cast<std::int64_t>(size), {some_of_each});
  for (const std::int64_t i : random.data<std::int64_t>())
    some.push_back(static_cast<std::size_t>(i));
  std::sort(some.begin(), some.end());
  some.erase(std::unique(some.begin(), some.end()), some.end());
  return some;
}

}  // namespace

void check_coordinates(Examination& e) {
  Tally tally(Tier::coordinates, e.options.tolerance);
  const std::vector<CheckedLeaf>& leaves = e.lifted.leaves();
  const double here = e.lifted.value();
  const double floor = 1e-3 * e.rms();
  std::vector<Tensor> values = e.lifted.point();
  std::size_t hidden = 0, apart = 0;
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    const CheckedLeaf& leaf = leaves[k];
    for (const std::size_t element : chosen(e, leaf)) {
      const double x = leaf.value.data<double>()[element];
      const Line line = [&](double h) {
        values[k] = leaf.value;
        values[k].mutable_data<double>()[element] = x + h;
        Branches there;
        const double value = e.lifted.value_at(values, &there);
        return Sample{value, e.here.differences(there)};
      };
      const double analytic = leaf.gradient.data<double>()[element];
      const double wanted = e.options.tolerance * std::max(std::abs(analytic), floor);
      const Setting setting{.wanted = wanted,
                            .noise = e.noise,
                            .size = std::max(1.0, std::abs(x)),
                            .place = std::abs(x)};
      double step = e.options.step * setting.size;
      const Difference numeric = differenced(line, here, step, setting);
      const double scale = std::max({std::abs(analytic), std::abs(numeric.value), floor});
      const Judgement judgement =
          confirmed(line, here, analytic, numeric, scale, e.options.tolerance, setting);
      values[k] = leaf.value;
      ++e.report.coordinates;
      hidden += numeric.hidden && judgement.verdict == Verdict::unresolved ? 1 : 0;
      apart += judgement.apart ? 1 : 0;
      if (judgement.at_kink) {
        ++e.report.kinks;
        if (judgement.verdict == Verdict::agree) continue;
      }
      if (!tally.add(judgement.verdict, judgement.error, judgement.oracle_error)) continue;
      if (judgement.verdict == Verdict::agree && e.report.verdict != Verdict::agree) continue;
      show(e.report, {.tier = Tier::coordinates,
                      .leaf = leaf.name,
                      .shape = leaf.value.shape(),
                      .index = index_of(element, leaf.value.shape()),
                      .analytic = analytic,
                      .numeric = numeric.kink ? numeric.right : numeric.value,
                      .error = judgement.error,
                      .oracle_error = judgement.oracle_error});
      if (judgement.verdict == Verdict::kink && judgement.bends)
        e.report.hint_text = fmt::format(
            "the function bends here: its slope is {:.4g} on the left and {:.4g} on "
            "the right, and no op reports a branch",
            judgement.left, judgement.right);
    }
  }
  if (hidden > 0)
    tally.note(
        fmt::format("at {} elements a kink is so near that rounding hides the slope", hidden));
  else if (apart > 0)
    tally.note(fmt::format(
        "at {} elements the slope depends on the step: digits cancel, or a singularity is near",
        apart));
  conclude(e.report, tally.done());
}

}  // namespace wengert::detail
