// SPDX-License-Identifier: MIT
#include "line_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wengert::detail {

namespace {

bool finite(const LinePoint& point) {
  return std::isfinite(point.value) && std::isfinite(point.slope);
}

/// The minimum of the cubic through both values and slopes, or NaN (Nocedal and Wright, 3.59).
double cubic_minimum(const LinePoint& a, const LinePoint& b) {
  const double width = b.step - a.step;
  const double bend = a.slope + b.slope - 3.0 * (b.value - a.value) / width;
  const double root = std::sqrt(bend * bend - a.slope * b.slope);
  const double turn = std::copysign(root, width);
  return b.step - width * (b.slope + turn - bend) / (b.slope - a.slope + 2.0 * turn);
}

/// Where the slope would be zero if it were a straight line.
double secant(const LinePoint& a, const LinePoint& b) {
  return b.step - b.slope * (b.step - a.step) / (b.slope - a.slope);
}

class Search {
 public:
  Search(const std::function<LinePoint(double)>& evaluate, const LinePoint& start,
         const Wolfe& wolfe)
      : evaluate_(evaluate), start_(start), wolfe_(wolfe) {}

  std::optional<LinePoint> run(double first) const {
    LinePoint before = start_;
    double step = first;
    for (int i = 0; i < 30; ++i) {
      const LinePoint here = evaluate_(step);
      if (too_high(here, before)) return zoom(before, here);
      if (flat(here)) return here;
      if (here.slope >= 0) return zoom(here, before);
      const double guess = secant(before, here);
      before = here;
      step = std::isfinite(guess) && guess > step ? std::clamp(guess, 1.1 * step, 10.0 * step)
                                                  : 4.0 * step;
    }
    return improved(before);  // the loss falls without end
  }

 private:
  bool too_high(const LinePoint& here, const LinePoint& low) const {
    return !finite(here) ||
           here.value > start_.value + wolfe_.decrease * here.step * start_.slope + wolfe_.noise ||
           here.value > low.value + wolfe_.noise;
  }
  bool flat(const LinePoint& here) const {
    return std::abs(here.slope) <= -wolfe_.curvature * start_.slope;
  }
  std::optional<LinePoint> improved(const LinePoint& low) const {
    if (low.step > 0 && (low.value < start_.value || std::abs(low.slope) < -start_.slope))
      return low;
    return std::nullopt;
  }

  /// A minimum lies between `low`, the best so far, and `high`, towards which `low` goes down.
  std::optional<LinePoint> zoom(LinePoint low, LinePoint high) const {
    double width = std::abs(high.step - low.step);
    double asked = width;  // what the bracket has to shrink below, or it is halved
    for (int i = 0; i < 60; ++i) {
      const double left = std::min(low.step, high.step), right = std::max(low.step, high.step);
      double step = finite(high) ? cubic_minimum(low, high) : std::nan("");
      const double margin = 1e-3 * (right - left);
      if (!(step > left && step < right) || (i > 1 && width > asked)) step = 0.5 * (left + right);
      else step = std::clamp(step, left + margin, right - margin);
      if (i > 1) asked = 0.5 * std::min(asked, width);
      if (!(step > left && step < right)) break;  // neighbouring numbers
      const LinePoint here = evaluate_(step);
      if (too_high(here, low)) {
        high = here;
      } else {
        if (flat(here)) return here;
        if (here.slope * (high.step - low.step) >= 0) high = low;
        low = here;
      }
      width = std::abs(high.step - low.step);
    }
    return improved(low);
  }

  const std::function<LinePoint(double)>& evaluate_;
  const LinePoint& start_;
  const Wolfe& wolfe_;
};

}  // namespace

std::optional<LinePoint> find_step(const std::function<LinePoint(double)>& evaluate,
                                   const LinePoint& start, double first, const Wolfe& wolfe) {
  return Search(evaluate, start, wolfe).run(first);
}

}  // namespace wengert::detail
