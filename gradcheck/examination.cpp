// SPDX-License-Identifier: MIT
#include "examination.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace wengert::detail {

double Examination::rms() const {
  double squares = 0;
  for (const CheckedLeaf& leaf : lifted.leaves()) squares += dot(leaf.gradient, leaf.gradient);
  return std::sqrt(squares / static_cast<double>(std::max<std::size_t>(report.elements, 1)));
}

double Examination::usual_size() const {
  double squares = 0;
  for (const CheckedLeaf& leaf : lifted.leaves()) squares += dot(leaf.value, leaf.value);
  const Tensor y = lifted.output().value();
  return 0.1 * std::sqrt(dot(y, y)) / std::max(1.0, std::sqrt(squares));
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
