// SPDX-License-Identifier: MIT
#include "examination.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace wengert::detail {

double Examination::rms() const {
  std::vector<Tensor> gradients;
  for (const CheckedLeaf& leaf : lifted.leaves()) gradients.push_back(leaf.gradient);
  return norm(gradients) /
         std::sqrt(static_cast<double>(std::max<std::size_t>(report.elements, 1)));
}

double Examination::usual_size() const {
  return 0.1 * norm(lifted.output().value()) / std::max(1.0, norm(lifted.point()));
}

void Examination::measure_noise() {
  // So much coarser than rounding that it stands out from it.
  constexpr double coarse = 0x1p-40, fine = 0x1p-52;
  constexpr std::size_t large = 100000;
  const Tensor& y = lifted.output().value();
  // The median: where a jump is near, one of them may have gone over it.
  std::vector<double> samples(report.elements > large ? 1 : 3);
  for (double& sample : samples) {
    const double there = dot(lifted.jittered_output(coarse, rng), lifted.cotangent());
    sample = std::abs(there - lifted.value()) * (fine / coarse);
    if (!std::isfinite(sample)) sample = 0;  // the edge of what the function is defined for
  }
  std::ranges::sort(samples);
  noise = 4 * (samples[samples.size() / 2] + fine * norm_of_product(y, lifted.cotangent()));
}

bool Tally::add(Verdict verdict, double error, double oracle_error) {
  ++result_.comparisons;
  const bool first = result_.comparisons == 1;
  const bool worse = verdict > result_.verdict ||
                     (verdict == result_.verdict && (error > result_.error || std::isnan(error)));
  if (!first && !worse) return false;
  result_.verdict = verdict;
  result_.error = error;
  result_.oracle_error = oracle_error;
  return true;
}

void conclude(CheckReport& report, const TierResult& result) {
  report.tiers.push_back(result);
  if (result.verdict <= report.verdict) return;
  report.verdict = result.verdict;
  report.tier = result.tier;
}

void show(CheckReport& report, Shown shown) {
  report.shown = shown.tier;
  report.leaf = std::move(shown.leaf);
  report.leaf_shape = shown.shape;
  report.index = std::move(shown.index);
  report.analytic = shown.analytic;
  report.numeric = shown.numeric;
  report.error = shown.error;
  report.oracle_error = shown.oracle_error;
}

void blame(Examination& e, std::size_t node, std::size_t input, double error) {
  const Recording& all = e.lifted.recording();
  const Node& at = all.nodes[node];
  Culprit& culprit = e.report.culprit;
  culprit.found = true;
  culprit.value = false;
  culprit.node = node;
  culprit.op = std::string(at.op->name());
  culprit.place = to_string(all.places[at.place]);
  culprit.input = input;
  culprit.error = error;
}

std::string first_nonfinite(const Lifted& lifted) {
  const Recording& all = lifted.recording();
  for (const CheckedLeaf& leaf : lifted.leaves())
    if (!finite(leaf.value)) return leaf.name;
  const bool value = finite(lifted.output().value());
  std::string gradient;
  for (const CheckedLeaf& leaf : lifted.leaves())
    if (gradient.empty() && !finite(leaf.gradient)) gradient = "the gradient of " + leaf.name;
  if (value && gradient.empty()) return {};
  // The first op that makes it; on the way to a finite value an infinity may be harmless (where).
  std::string found;
  lifted.value_at(lifted.point(), nullptr,
                  [&](std::uint32_t node, const Op&, Operands, const Tensor& out) {
                    if (found.empty() && !finite(out)) found = all.described(node);
                  });
  if (!value) return "the value of " + found;
  return found.empty() ? gradient : fmt::format("{}, after the value of {}", gradient, found);
}

}  // namespace wengert::detail
