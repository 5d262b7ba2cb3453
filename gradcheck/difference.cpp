// SPDX-License-Identifier: MIT
#include "difference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace wengert::detail {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
// Of the first step; below that rounding is all that is left.
constexpr double smallest_share = 2e-6;
constexpr int most_steps = 12;
// Of a usual move: where four points do.
constexpr double tiny_step = 2e-5;

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
  /// The straight line through four points, by least squares.
  double straight(double h) const { return (central(0) + 2.0 * central(1)) / (10.0 * h); }
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
double one_sided(double here, const std::array<double, 2>& side, double h) {
  return (-3.0 * here + 4.0 * side[0] - side[1]) / (2.0 * h);
}

/// The slope on one side of a point that a kink is at or beside.
struct Side {
  bool known = false;
  std::size_t crossed = 0;  ///< however near the point
  double slope = 0;
  double error = 0;
  double step = 0;
};

/// With the largest step that crosses no more than the smallest does.
Side side_of(const Line& line, double here, double sign, double smallest, const Setting& setting) {
  // A kink at the point itself is there however little is moved.
  const double tiny = std::max(16.0 * epsilon * setting.place, 1e-300);
  Side side{.crossed = line(sign * tiny).crossed};
  const auto slope_at = [&](double h) -> std::optional<double> {
    const Sample near = line(sign * h), far = line(sign * 2.0 * h);
    if (near.crossed != side.crossed || far.crossed != side.crossed) return {};
    return sign * one_sided(here, {near.value, far.value}, h);
  };
  for (double h = 1e-3 * setting.size; h >= smallest && !side.known; h /= 10.0) {
    const std::optional<double> slope = slope_at(h);
    if (!slope) continue;
    side.known = true;
    side.slope = *slope;
    side.step = h;
    const std::optional<double> finer = h / 10.0 >= smallest ? slope_at(h / 10.0) : std::nullopt;
    if (finer) side.error = std::abs(*slope - *finer);
  }
  return side;
}

/// Where every stencil crosses a kink. At the kink itself there are two slopes; beside it the clean
/// side's is the one. If rounding leaves no room on a side that is needed, nothing is known.
Difference beside_kink(const Line& line, double here, double value, double smallest,
                       const Setting& setting) {
  const Side left = side_of(line, here, -1, smallest, setting);
  const Side right = side_of(line, here, 1, smallest, setting);
  const std::size_t crossed = std::max(left.crossed, right.crossed);
  const bool enough = crossed > 0 ? left.known && right.known : left.known || right.known;
  if (!enough)
    return {.value = value,
            .error = std::numeric_limits<double>::infinity(),
            .step = smallest,
            .hidden = true};
  const Side& one = left.known ? left : right;
  const Side& other = right.known ? right : left;
  return {.error = one.error + other.error,
          .step = std::min(one.step, other.step),
          .kink = true,
          .crossed = std::max<std::size_t>(crossed, 1),
          .left = one.slope,
          .right = other.slope};
}

struct Taken {
  Stencil stencil;
  std::size_t crossed = 0;
  double reach = 0;  ///< how far out it went, or where it crossed
};

/// The outer points first: most crossings show there, before the others are paid for. Those are
/// taken after a crossing too if `all` are asked for.
Taken taken_at(const Line& line, double step, const Setting& setting, bool all) {
  // With steps this small, as among the kinks of many relus, four points are as good as six.
  Taken taken{.stencil = {.n = step <= tiny_step * setting.size ? std::size_t{2} : std::size_t{3}}};
  taken.reach = static_cast<double>(taken.stencil.n) * step;
  for (std::size_t k = taken.stencil.n; k-- > 0;) {
    const double h = static_cast<double>(k + 1) * step;
    const Sample above = line(h), below = line(-h);
    taken.stencil.above[k] = above.value;
    taken.stencil.below[k] = below.value;
    taken.crossed = std::max({taken.crossed, above.crossed, below.crossed});
    if (taken.crossed == 0 || all) continue;
    taken.reach = h;
    break;
  }
  return taken;
}

Difference difference_of(const Stencil& stencil, double here, double step, const Setting& setting) {
  Difference result{.value = stencil.best(step), .size = stencil.largest(), .step = step};
  // Of the values, and of the places, to which a steep function is sensitive.
  result.rounding =
      4.0 * epsilon * std::max(result.size, std::abs(here)) / step +
      2.0 * epsilon * (setting.place + 3.0 * step) / step * stencil.steepest(here, step);
  double other = stencil.next_best(step);
  if (stencil.n == 2 && std::abs(result.value - other) <= result.rounding) {
    // No curvature shows: a straight line has less of the rounding, of the worst 0.6 for 1.5.
    other = std::exchange(result.value, stencil.straight(step));
    result.rounding *= 0.4;
  }
  result.error = std::abs(result.value - other) + result.rounding;
  return result;
}

}  // namespace

Difference differenced(const Line& line, double here, double& step, const Setting& setting) {
  const double smallest_step = smallest_share * step;
  // Among kinks it may be smaller still, as far as rounding allows.
  const double smallest_beside = std::min(
      smallest_step, std::max({setting.wanted > 0 ? setting.noise / setting.wanted : smallest_step,
                               64.0 * epsilon * setting.place, 1e-290}));
  Difference best{.error = std::numeric_limits<double>::infinity()};
  double clean = 0, dirty = std::numeric_limits<double>::infinity();
  for (int tried = 0; tried < most_steps; ++tried) {
    const bool last_chance = step <= smallest_beside;
    const Taken taken = taken_at(line, step, setting, last_chance);
    if (taken.crossed > 0 && !last_chance) {
      dirty = taken.reach;
      // Crossings are about as many as the step is long: one in six is rare enough. One that stays
      // is a kink at the point itself, for which the last step is the smallest.
      const double shrink = tried < 3 ? 6.0 : 60.0;
      step = tried + 2 < most_steps
                 ? std::max(smallest_beside, step / (shrink * static_cast<double>(taken.crossed)))
                 : smallest_beside;
      continue;
    }
    if (taken.crossed > 0)
      return beside_kink(line, here, taken.stencil.best(step), smallest_beside, setting);
    const Difference found = difference_of(taken.stencil, here, step, setting);
    if (found.error < best.error || !std::isfinite(best.error)) {
      best = found;
      clean = taken.reach;
    }
    // Smaller steps help against curvature, not against rounding.
    if (best.error <= setting.wanted || found.rounding > 0.1 * found.error) break;
    if (step / 10.0 < smallest_step) break;
    step /= 10.0;
  }
  // Against rounding larger ones do, as far as the nearest kink lets them.
  for (int tried = 0; tried < 5 && std::isfinite(dirty); ++tried) {
    if (best.error <= setting.wanted || best.rounding <= 0.1 * best.error) break;
    if (clean == 0 || 1.2 * clean > dirty) break;
    const double reach = std::sqrt(clean * dirty);
    const double wider = reach / (reach <= 2.0 * tiny_step * setting.size ? 2.0 : 3.0);
    const Taken taken = taken_at(line, wider, setting, false);
    if (taken.crossed > 0) {
      dirty = taken.reach;
      continue;
    }
    const Difference found = difference_of(taken.stencil, here, wider, setting);
    if (!(found.error < best.error)) break;
    best = found;
    clean = taken.reach;
    step = wider;
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
    std::array<double, 2> above{}, below{};
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
                    double scale, double tolerance, const Setting& setting) {
  const Judgement first = judge(analytic, numeric, scale, tolerance, setting.noise);
  if (first.verdict != Verdict::disagree || numeric.kink) return first;
  const double off = std::abs(analytic - numeric.value);
  const auto another = [&](const Difference& again) {
    const double apart = std::abs(again.value - numeric.value);
    const double difference =
        std::min(off, std::max(std::abs(again.value), std::abs(numeric.value)));
    return apart > 0.1 * difference && apart > 0;
  };
  double step = numeric.step / 16;
  const Difference again = differenced(line, here, step, setting);
  if (again.kink) return first;
  const double own = std::max(std::abs(analytic), std::abs(again.value));
  const Judgement second = judge(analytic, again, std::min(scale, own), tolerance, setting.noise);
  if (second.verdict == Verdict::agree) return second;
  Judgement result = first;
  result.apart = another(again);
  // What a function does at a scale far below the step, as where digits cancel, no stencil sees.
  const double known = numeric.rounding * numeric.step + setting.noise;
  double finest = std::max(known / (0.02 * off), 1e4 * epsilon * setting.place);
  if (!result.apart && finest <= step / 4) {
    const Difference near = differenced(line, here, finest, setting);
    result.apart = !near.kink && another(near);
  }
  if (result.apart) {
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
