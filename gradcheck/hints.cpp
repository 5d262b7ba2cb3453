// SPDX-License-Identifier: MIT
#include "hints.h"

#include <set>

#include <fmt/format.h>

#include "patterns.h"
#include "suspects.h"

namespace wengert::detail {
namespace {

constexpr std::size_t most_elements = 1024;  ///< of an input whose Jacobian is worth its time

std::set<std::size_t> extents_of(const LocalProblem& problem) {
  std::set<std::size_t> result;
  const auto add = [&](const Tensor& tensor) {
    result.insert(tensor.size());
    std::size_t leading = 1;
    for (const std::size_t extent : tensor.shape()) {
      result.insert(extent);
      result.insert(leading *= extent);
    }
  };
  for (const Tensor& input : problem.inputs()) add(input);
  add(problem.output());
  return result;
}

void tell(CheckReport& report, const Finding& finding) {
  report.hint = finding.hint;
  report.hint_text = finding.text;
}

std::vector<double> values_of(const Tensor& tensor) {
  const std::span<const double> values = tensor.data<double>();
  return {values.begin(), values.end()};
}

const Finding nothing_found{
    Hint::formula, "the ratio differs from element to element: a wrong formula, not a factor"};

}  // namespace

void explain(CheckReport& report, const LocalProblem& problem, const Tensor& cotangent,
             std::size_t k) {
  const Tensor claimed = problem.pulled(cotangent)[k];
  if (claimed.size() > most_elements) {
    tell(report,
         {Hint::formula, fmt::format("input {} has too many elements to look for a pattern; "
                                     "check the op alone with small operands",
                                     k)});
    return;
  }
  const Jacobian jacobian = problem.jacobian(k, problem.inputs());
  const Arrays g(values_of(claimed), jacobian.pulled(cotangent.data<double>()), claimed.shape());
  report.pattern = where_wrong(g);
  const Suspicion suspicion{g, problem, cotangent, k, jacobian};
  const bool same_shape = problem.output().shape() == claimed.shape();
  Finding found = from_sizes(g);
  if (!found) found = from_ratio(g, extents_of(problem));
  if (!found) found = from_repeated_index(suspicion);
  if (!found) found = from_zeros(g, problem.inputs()[k]);
  if (!found) found = from_flat(g);
  if (!found) found = from_places(g);
  if (!found) found = from_hypotheses(suspicion);
  if (!found) found = from_slices(g);
  if (!found) found = from_terms(g, same_shape ? &problem.output() : nullptr);
  tell(report, found ? found : nothing_found);
}

void explain(CheckReport& report, const Tensor& analytic, const Tensor& numeric) {
  const Arrays g(values_of(analytic), values_of(numeric), analytic.shape());
  report.pattern = where_wrong(g);
  std::set<std::size_t> extents{analytic.size()};
  extents.insert(analytic.shape().begin(), analytic.shape().end());
  Finding found = from_sizes(g);
  if (!found) found = from_ratio(g, extents);
  if (!found) found = from_flat(g);
  if (!found) found = from_places(g);
  if (!found) found = from_slices(g);
  if (!found) found = from_terms(g, nullptr);
  tell(report, found ? found : nothing_found);
}

}  // namespace wengert::detail
