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
                double noise) {
  Judgement result;
  const double of_slope = numeric.step > 0 ? noise / numeric.step : 0.0;
  const auto relative = [&](double off) { return off == 0 ? 0.0 : off / scale; };
  if (numeric.kink) {
    result.at_kink = true;
    const double slack =
        1e-4 * std::max({scale, std::abs(numeric.left), std::abs(numeric.right)}) + 2.0 * of_slope;
    const double low = std::min(numeric.left, numeric.right) - slack;
    const double high = std::max(numeric.left, numeric.right) + slack;
    if (analytic >= low && analytic <= high) return result;
    result.error = std::max(low - analytic, analytic - high) / scale;
    // Several kinks at once: each may be judged by either side, and their sum may lie anywhere.
    result.verdict = numeric.crossed == 1 ? Verdict::disagree : Verdict::kink;
    return result;
  }
  result.error = relative(std::abs(analytic - numeric.value));
  result.oracle_error = relative(numeric.error);
  if (result.error == 0) return result;
  // A gradient that is 0 but for the last bits of what it is a difference of. Only where the noise
  // itself is next to nothing, both by the numbers that it is the rounding of and by 1.
  const double natural = std::min(1.0, noise / (4.0 * epsilon));
  const bool only_bits =
      std::abs(analytic - numeric.value) <= numeric.rounding && numeric.rounding <= 1e-11 * natural;
  const bool only_noise = std::max(std::abs(analytic), std::abs(numeric.value)) <= of_slope &&
                          of_slope <= 1e-10 * natural;
  if (only_bits || only_noise) return result;
  if (!(result.error <= tolerance)) {
    // What cancelled inside is not seen in the result's size.
    const bool sure = result.error > 5.0 * result.oracle_error + relative(of_slope);
    result.verdict = sure ? Verdict::disagree : Verdict::unresolved;
  }
  return result;
}

Judgement confirmed(const Line& line, double here, double analytic, const Difference& numeric,
                    double scale, double tolerance, double noise) {
  const Judgement first = judge(analytic, numeric, scale, tolerance, noise);
  if (first.verdict != Verdict::disagree || numeric.kink) return first;
  double step = numeric.step / 16;
  const Difference again = differenced(line, here, step, tolerance * scale);
  if (again.kink) return first;
  const double own = std::max(std::abs(analytic), std::abs(again.value));
  const Judgement second = judge(analytic, again, std::min(scale, own), tolerance, noise);
  if (second.verdict == Verdict::agree) return second;
  Judgement result = first;
  const double apart = std::abs(again.value - numeric.value);
  const double difference = std::min(std::abs(analytic - numeric.value),
                                     std::max(std::abs(again.value), std::abs(numeric.value)));
  if (apart > 0.1 * difference && apart > 0) result.verdict = Verdict::unresolved;
  return result;
}

}  // namespace wengert::detail
