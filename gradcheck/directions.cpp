// SPDX-License-Identifier: MIT
// T3: three Gaussian directions through all leaves at once. A gradient that is wrong by the
// relative size r passes one with probability (2 / pi) atan(tolerance / r).
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>

#include "difference.h"
#include "examination.h"

namespace wengert::detail {
namespace {

/// Gaussian directions in which every element moves by about its own step. Drawing a number costs
/// as much as many of the forward passes that it is for, so large leaves take magnitudes from a
/// stock, from another place for every 64 elements, and signs from random bits.
class Directions {
 public:
  explicit Directions(Examination& e) : e_(e) {
    for (const CheckedLeaf& leaf : e.lifted.leaves()) {
      if (leaf.value.size() >= large && !stock_.defined()) stock_ = e.rng.normal({stocked}, f64);
      current_.push_back(Tensor::empty(leaf.value.shape(), f64));
    }
  }

  const std::vector<Tensor>& next() {
    for (std::size_t k = 0; k < current_.size(); ++k) {
      const Tensor& value = e_.lifted.leaves()[k].value;
      if (value.size() >= large) fill(current_[k].mutable_data<double>());
      else current_[k] = e_.rng.normal(value.shape(), f64);
      const std::span<double> elements = current_[k].mutable_data<double>();
      const std::span<const double> x = value.data<double>();
      for (std::size_t i = 0; i < elements.size(); ++i)
        elements[i] *= std::max(1.0, std::abs(x[i]));
    }
    return current_;
  }

 private:
  static constexpr std::size_t large = 4096;
  static constexpr std::size_t stocked = 1024 + 64;

  void fill(std::span<double> elements) {
    const double* stock = stock_.data<double>().data();
    for (std::size_t begin = 0; begin < elements.size(); begin += 64) {
      const std::uint64_t coins = e_.rng.bits();
      // The signs' own bits, mixed, say where in the stock.
      const double* from = stock + ((coins * 0x9e3779b97f4a7c15U) >> 54);
      double* to = elements.data() + begin;
      const std::size_t count = std::min<std::size_t>(64, elements.size() - begin);
      for (std::size_t i = 0; i < count; ++i)
        to[i] = std::bit_cast<double>(std::bit_cast<std::uint64_t>(from[i]) ^ (coins >> i << 63));
    }
  }

  Examination& e_;
  Tensor stock_;
  std::vector<Tensor> current_;
};

/// The slope that backward claims along a direction, and the size it is judged by.
struct Claim {
  double slope = 0;
  double size = 0;
};
Claim claim_of(const Lifted& lifted, const std::vector<Tensor>& direction, double unit) {
  double slope = 0, squares = 0;
  for (std::size_t k = 0; k < direction.size(); ++k) {
    const std::span<const double> g = lifted.leaves()[k].gradient.data<double>();
    const std::span<const double> d = direction[k].data<double>();
    // Several sums side by side, which is faster, and better too.
    constexpr std::size_t lanes = 8;
    std::array<double, lanes> sums{}, sums_of_squares{};
    for (std::size_t i = 0; i + lanes <= g.size(); i += lanes)
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        const double product = g[i + lane] * unit * d[i + lane];
        sums[lane] += product;
        sums_of_squares[lane] += product * product;
      }
    for (std::size_t i = g.size() / lanes * lanes; i < g.size(); ++i) {
      const double product = g[i] * unit * d[i];
      sums[0] += product;
      sums_of_squares[0] += product * product;
    }
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      slope += sums[lane];
      squares += sums_of_squares[lane];
    }
  }
  return {slope / unit, std::sqrt(squares) / unit};
}

/// The function along a direction, its leaves moved in memory that is there already: with many
/// parameters, copies are what a check costs.
Line line_along(const Lifted& lifted, const Branches& here, const std::vector<Tensor>& direction,
                std::vector<Tensor>& moved) {
  return [&](double h) {
    const std::vector<CheckedLeaf>& leaves = lifted.leaves();
    for (std::size_t k = 0; k < leaves.size(); ++k) {
      const double* x = leaves[k].value.data<double>().data();
      const double* d = direction[k].data<double>().data();
      const std::span<double> to = moved[k].mutable_data<double>();
      for (std::size_t i = 0; i < to.size(); ++i) to[i] = x[i] + h * d[i];
    }
    Branches there;
    const double value = lifted.value_at(moved, &there);
    return Sample{value, here.differences(there)};
  };
}

/// The same computation beside the point, where no element stands exactly on a kink: one that does
/// keeps every direction from judging all the others.
class OffKink {
 public:
  OffKink(Examination& e, std::vector<Tensor>& moved) : e_(e), moved_(moved) {}

  std::optional<Compared> judged(const std::vector<Tensor>& direction, double unit) {
    return judged_off_kink([&](std::size_t k) { return compared(place(k), direction, unit); });
  }

 private:
  struct Place {
    Lifted lifted;
    Branches here = {};
    bool usable = false;
  };

  const Place& place(std::size_t k) {
    if (places_[k]) return *places_[k];
    const std::vector<CheckedLeaf>& leaves = e_.lifted.leaves();
    if (moves_.empty())
      for (const CheckedLeaf& leaf : leaves) moves_.push_back(moves_of(leaf.value, e_.rng));
    const std::vector<Tensor> at = combined(e_.lifted.point(), off_kink[k], moves_);
    places_[k] = std::make_unique<Place>(e_.lifted.recorded_at(at));
    Place& place = *places_[k];
    place.usable = first_nonfinite(place.lifted).empty();
    if (place.usable) place.lifted.value_at(at, &place.here);
    return place;
  }

  std::optional<Compared> compared(const Place& place, const std::vector<Tensor>& direction,
                                   double unit) {
    if (!place.usable) return {};
    const auto [analytic, size] = claim_of(place.lifted, direction, unit);
    const Line line = line_along(place.lifted, place.here, direction, moved_);
    const double here = place.lifted.value();
    const Setting setting{.wanted = e_.options.tolerance * size, .noise = e_.noise};
    double step = e_.options.step / 4;
    const Difference numeric = differenced(line, here, step, setting);
    if (numeric.kink || numeric.hidden) return {};
    const double scale = scale_of(size, numeric.value);
    return Compared{analytic, numeric.value,
                    confirmed(line, here, analytic, numeric, scale, e_.options.tolerance, setting)};
  }

  Examination& e_;
  std::vector<Tensor>& moved_;
  std::vector<Tensor> moves_;
  std::array<std::unique_ptr<Place>, off_kink.size()> places_;
};

}  // namespace

void check_directions(Examination& e) {
  Tally tally(Tier::directions, e.options.tolerance);
  const std::vector<CheckedLeaf>& leaves = e.lifted.leaves();
  const double here = e.lifted.value();
  // A direction moves every sum by more than one coordinate does: a smaller step keeps it where the
  // function is smooth. What the first one finds good the next begin with.
  const double first = e.options.step / 4;
  double step = first;
  Directions directions(e);
  const double unit = unit_of(e.rms());
  std::vector<Tensor> moved;
  for (const CheckedLeaf& leaf : leaves) moved.push_back(Tensor::empty(leaf.value.shape(), f64));
  OffKink off_the_kink(e, moved);
  std::size_t spare = 2 * e.options.directions;
  while (e.report.directions < e.options.directions) {
    const std::vector<Tensor>& direction = directions.next();
    const auto [analytic, size] = claim_of(e.lifted, direction, unit);
    const Line line = line_along(e.lifted, e.here, direction, moved);
    const Setting setting{.wanted = e.options.tolerance * size, .noise = e.noise};
    const Difference numeric = differenced(line, here, step, setting);
    // Where kinks keep the step so small that rounding is too much: another direction in its place,
    // whatever this one would say of the claim, and from a larger step.
    const bool rough = numeric.error > setting.wanted && !numeric.kink && !numeric.hidden;
    if (rough && numeric.step < 1e-2 * first && spare > 0) {
      --spare;
      step *= 16;
      continue;
    }
    const double scale = scale_of(size, numeric.value);
    Compared found{analytic, numeric.value,
                   confirmed(line, here, analytic, numeric, scale, e.options.tolerance, setting)};
    std::string leaf = "a direction through all leaves";
    ++e.report.directions;
    if (found.judgement.bends) {
      // So many kinks as may be here: the coordinates say which slopes are wrong.
      ++e.report.kinks;
      found.judgement.verdict = Verdict::kink;
    } else if (found.judgement.at_kink || (numeric.hidden && e.options.coordinates > 0)) {
      ++e.report.kinks;
      // Through kinks a direction decides nothing: beside them it judges all that is not on one,
      // and what is the coordinates do.
      const std::optional<Compared> beside = off_the_kink.judged(direction, unit);
      const bool wrong = beside && beside->judgement.verdict == Verdict::disagree;
      if (wrong || e.options.coordinates > 0) {
        if (!beside) continue;
        found = *beside;
        leaf += ", a little off the kink";
      } else {
        if (found.judgement.verdict == Verdict::agree) found.judgement.verdict = Verdict::kink;
        tally.note(
            "the point is at a kink, or too near one: without coordinates (T4) there is no "
            "telling");
      }
    }
    const Judgement& judgement = found.judgement;
    if (judgement.apart)
      tally.note("the slope depends on the step: digits cancel, or a singularity is near");
    if (!tally.add(judgement.verdict, judgement.error, judgement.oracle_error)) continue;
    if (judgement.verdict == Verdict::agree && e.report.verdict != Verdict::agree) continue;
    show(e.report, {.tier = Tier::directions,
                    .leaf = std::move(leaf),
                    .analytic = found.analytic,
                    .numeric = found.numeric,
                    .error = judgement.error,
                    .oracle_error = judgement.oracle_error});
  }
  conclude(e.report, tally.done());
}

}  // namespace wengert::detail
