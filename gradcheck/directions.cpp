// SPDX-License-Identifier: MIT
// T3: three Gaussian directions through all leaves at once. A gradient that is wrong by the
// relative size r passes one with probability (2 / pi) atan(tolerance / r).
#include <algorithm>
#include <cmath>

#include "difference.h"
#include "examination.h"

namespace wengert::detail {
namespace {

/// Gaussian directions in which every element moves by about its own step. Large leaves draw once:
/// later directions are the first one's numbers from another place on, because drawing a number
/// costs as much as many of the forward passes that it is for.
class Directions {
 public:
  std::vector<Tensor> next(Examination& e) {
    std::vector<Tensor> direction;
    const std::vector<CheckedLeaf>& leaves = e.lifted.leaves();
    for (std::size_t k = 0; k < leaves.size(); ++k) {
      const std::size_t size = leaves[k].value.size();
      const bool again = size >= large && k < first_.size();
      Tensor d = again ? Tensor::empty(leaves[k].value.shape(), f64)
                       : e.rng.normal(leaves[k].value.shape(), f64);
      const std::span<double> elements = d.mutable_data<double>();
      if (again) {
        const std::span<const double> drawn = first_[k].data<double>();
        const auto shift = static_cast<std::ptrdiff_t>(e.rng.bits() % size);
        std::rotate_copy(drawn.begin(), drawn.begin() + shift, drawn.end(), elements.begin());
      }
      if (k == first_.size()) first_.push_back(again ? Tensor() : d);
      direction.push_back(std::move(d));
    }
    for (std::size_t k = 0; k < leaves.size(); ++k) {
      const std::span<double> elements = direction[k].mutable_data<double>();
      const std::span<const double> x = leaves[k].value.data<double>();
      for (std::size_t i = 0; i < elements.size(); ++i)
        elements[i] *= std::max(1.0, std::abs(x[i]));
    }
    return direction;
  }

 private:
  static constexpr std::size_t large = 4096;
  std::vector<Tensor> first_;
};

}  // namespace

void check_directions(Examination& e) {
  Tally tally(Tier::directions, e.options.tolerance);
  const std::vector<CheckedLeaf>& leaves = e.lifted.leaves();
  const double here = e.lifted.value();
  // A direction moves every sum by more than one coordinate does: a smaller step keeps it where the
  // function is smooth. What the first one finds good the next begin with.
  double step = e.options.step / 4;
  Directions directions;
  for (std::size_t number = 0; number < e.options.directions; ++number) {
    const std::vector<Tensor> direction = directions.next(e);
    double analytic = 0, size = 0;
    for (std::size_t k = 0; k < leaves.size(); ++k) {
      analytic += dot(leaves[k].gradient, direction[k]);
      size = std::hypot(size, norm_of_product(leaves[k].gradient, direction[k]));
    }
    std::vector<Tensor> moved = e.lifted.point();
    const Line line = [&](double h) {
      for (std::size_t k = 0; k < leaves.size(); ++k) {
        const double* x = leaves[k].value.data<double>().data();
        const double* d = direction[k].data<double>().data();
        // Its own memory from the first time on: with many parameters, copies are what a check
        // costs.
        const std::span<double> to = moved[k].mutable_data<double>();
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = x[i] + h * d[i];
      }
      Branches there;
      const double value = e.lifted.value_at(moved, &there);
      return Sample{value, e.here.differences(there)};
    };
    const Setting setting{.wanted = e.options.tolerance * size, .noise = e.noise};
    const Difference numeric = differenced(line, here, step, setting);
    const double scale = scale_of(size, numeric.value);
    const Judgement judgement =
        confirmed(line, here, analytic, numeric, scale, e.options.tolerance, setting);
    ++e.report.directions;
    if (judgement.at_kink || (numeric.hidden && e.options.coordinates > 0)) {
      // Through several kinks at once a direction decides nothing; the coordinates do.
      ++e.report.kinks;
      continue;
    }
    if (judgement.apart)
      tally.note("the slope depends on the step: digits cancel, or a singularity is near");
    if (!tally.add(judgement.verdict, judgement.error, judgement.oracle_error)) continue;
    if (judgement.verdict == Verdict::agree && e.report.verdict != Verdict::agree) continue;
    show(e.report, {.tier = Tier::directions,
                    .leaf = "a direction through all leaves",
                    .analytic = analytic,
                    .numeric = numeric.value,
                    .error = judgement.error,
                    .oracle_error = judgement.oracle_error});
  }
  conclude(e.report, tally.done());
}

}  // namespace wengert::detail
