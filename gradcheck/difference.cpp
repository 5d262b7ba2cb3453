// SPDX-License-Identifier: MIT
#include "difference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace wengert::detail {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
// Of the first step; below that rounding is all that is left.
constexpr double smallest_share = 2e-6;

/// Values at -n h ... n h without 0.
struct Stencil {
  std::size_t n = 3;
  std::array<double, 3> above{}, below{};

  double central(std::size_t k) const { return above[k] - below[k]; }
  double second_order(double h) const { return central(1) / (4.0 * h); }
  double fourth_order(double h) const { return (8.0 * central(0) - central(1)) / (12.0 * h); }
  double sixth_order(double h) const {
    return (45.0 * central(0) - 9.0 * central(1) + central(2)) / (60.0 * h);
  }
  double best(double h) const { return n == 3 ? sixth_order(h) : fourth_order(h); }
  double next_best(double h) const { return n == 3 ? fourth_order(h) : second_order(h); }
  double steepest(double here, double h) const {
    double slope = 0;
    for (std::size_t k = 0; k < n; ++k)
      for (const double value : {above[k], below[k]})
        slope = std::max(slope, std::abs(value - here) / (static_cast<double>(k + 1) * h));
    return slope;
  }
  double largest() const {
    double size = 0;
    for (std::size_t k = 0; k < n; ++k)
      size = std::max({size, std::abs(above[k]), std::abs(below[k])});
    return size;
  }
};

/// Of second order, with values on one side only.
double one_sided(double here, const std::array<double, 3>& side, double h) {
  return (-3.0 * here + 4.0 * side[0] - side[1]) / (2.0 * h);
}

}  // namespace

Difference differenced(const Line& line, double here, double& step, double wanted, double size) {
  const double smallest_step = smallest_share * step;
  Difference best{.error = std::numeric_limits<double>::infinity()};
  for (int tried = 0; tried < 10; ++tried) {
    // With steps this small, as among the kinks of many relus, four points are as good as six.
    Stencil stencil{.n = step <= 2e-5 * size ? std::size_t{2} : std::size_t{3}};
    // The outer points first: most crossings show there, before the others are paid for.
    std::size_t crossed = 0;
    for (std::size_t k = stencil.n; k-- > 0;) {
      const double h = static_cast<double>(k + 1) * step;
      const Sample above = line(h), below = line(-h);
      stencil.above[k] = above.value;
      stencil.below[k] = below.value;
      crossed = std::max({crossed, above.crossed, below.crossed});
      if (crossed > 0 && step > smallest_step) break;
    }
    if (crossed > 0 && step > smallest_step) {
      // Crossings are about as many as the step is long: one in six is rare enough. One that stays
      // is a kink at the point itself, for which the step becomes the smallest soon.
      const double shrink = tried < 3 ? 6.0 : 60.0;
      step = std::max(smallest_step, step / (shrink * static_cast<double>(crossed)));
      continue;
    }
    if (crossed > 0) {
      best = {.value = stencil.best(step),
              .error = std::numeric_limits<double>::infinity(),
              .step = step,
              .kink = true,
              .crossed = crossed,
              .left = -one_sided(here, stencil.below, step),
              .right = one_sided(here, stencil.above, step)};
      return best;
    }
    const double value = stencil.best(step);
    // Of the values, and of the places, to which a steep function is sensitive.
    const double rounding = 4.0 * epsilon * std::max(stencil.largest(), std::abs(here)) / step +
                            2.0 * epsilon * size / step * stencil.steepest(here, step);
    const double error = std::abs(value - stencil.next_best(step)) + rounding;
    if (error < best.error || !std::isfinite(best.error))
      best = {.value = value,
              .error = error,
              .rounding = rounding,
              .size = stencil.largest(),
              .step = step};
    // Smaller steps help against curvature, not against rounding.
    if (best.error <= wanted || rounding > 0.1 * error) break;
    if (step / 10.0 < smallest_step) break;
    step /= 10.0;
  }
  return best;
}

Judgement judge(double analytic, const Difference& numeric, double scale, double tolerance,
                double magnitude) {
  Judgement result;
  if (numeric.kink) {
    result.at_kink = true;
    const double slack = 1e-4 * std::max({scale, std::abs(numeric.left), std::abs(numeric.right)}) +
                         8.0 * epsilon * magnitude / numeric.step;
    const double low = std::min(numeric.left, numeric.right) - slack;
    const double high = std::max(numeric.left, numeric.right) + slack;
    if (analytic >= low && analytic <= high) return result;
    result.error = std::max(low - analytic, analytic - high) / scale;
    // Several kinks at once: each may be judged by either side, and their sum may lie anywhere.
    result.verdict = numeric.crossed == 1 ? Verdict::disagree : Verdict::kink;
    return result;
  }
  result.error = std::abs(analytic - numeric.value) / scale;
  result.oracle_error = numeric.error / scale;
  // A gradient that is 0 but for the last bits of what it is a difference of.
  const double noise = numeric.step > 0 ? 4.0 * epsilon * magnitude / numeric.step : 0.0;
  const bool only_bits =
      std::abs(analytic - numeric.value) <= numeric.rounding && numeric.rounding <= 1e-11;
  const bool only_noise =
      std::max(std::abs(analytic), std::abs(numeric.value)) <= noise && noise <= 1e-10;
  if (only_bits || only_noise) return result;
  if (!(result.error <= tolerance)) {
    // What cancelled inside is not seen in the result's size.
    const bool sure = result.error > 5.0 * result.oracle_error + noise / scale;
    result.verdict = sure ? Verdict::disagree : Verdict::unresolved;
  }
  return result;
}

namespace {

/// The slopes of both sides, if they differ: a jump between them that stays the same while the step
/// shrinks. Of a smooth function it would shrink with the step's cube, of rounding grow.
struct Bend {
  bool found = false;
  double left = 0, right = 0;
};

Bend bend_of(const Line& line, double here, double step) {
  constexpr double shrink = 8, steady = 0.02;
  int alike = 0;
  double before = 0;
  for (int tried = 0; tried < 6; ++tried, step /= shrink) {
    std::array<double, 3> above{}, below{};
    for (std::size_t k = 0; k < 2; ++k) {
      above[k] = line(static_cast<double>(k + 1) * step).value;
      below[k] = line(-static_cast<double>(k + 1) * step).value;
    }
    const double left = -one_sided(here, below, step), right = one_sided(here, above, step);
    const double jump = right - left;
    const double size = std::max({std::abs(here), std::abs(above[1]), std::abs(below[1])});
    if (!(std::abs(jump) > 1e3 * epsilon * size / step)) return {};
    alike = tried > 0 && std::abs(jump - before) <= steady * std::abs(jump) ? alike + 1 : 0;
    if (alike == 2) return {true, left, right};
    before = jump;
  }
  return {};
}

}  // namespace

Judgement confirmed(const Line& line, double here, double analytic, const Difference& numeric,
                    double scale, double tolerance, double magnitude) {
  const Judgement first = judge(analytic, numeric, scale, tolerance, magnitude);
  if (first.verdict != Verdict::disagree || numeric.kink) return first;
  double step = numeric.step / 16;
  const Difference again = differenced(line, here, step, tolerance * scale);
  if (again.kink) return first;
  const double own = std::max({std::abs(analytic), std::abs(again.value), 1e-300});
  const Judgement second = judge(analytic, again, std::min(scale, own), tolerance, magnitude);
  if (second.verdict == Verdict::agree) return second;
  Judgement result = first;
  const double apart = std::abs(again.value - numeric.value);
  const double difference = std::min(std::abs(analytic - numeric.value),
                                     std::max(std::abs(again.value), std::abs(numeric.value)));
  if (apart > 0.1 * difference && apart > 0) {
    result.verdict = Verdict::unresolved;
    return result;
  }
  const Bend bend = bend_of(line, here, numeric.step);
  if (!bend.found) return result;
  result.at_kink = result.bends = true;
  result.left = bend.left;
  result.right = bend.right;
  const double slack = 1e-3 * std::abs(bend.right - bend.left) + tolerance * scale;
  const auto [low, high] = std::minmax(bend.left, bend.right);
  if (analytic >= low - slack && analytic <= high + slack) result.verdict = Verdict::kink;
  return result;
}

}  // namespace wengert::detail
