// SPDX-License-Identifier: MIT
#include "hints.h"

#include <cmath>
#include <optional>
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

std::vector<double> values_of(const Tensor& tensor) {
  const std::span<const double> values = tensor.data<double>();
  return {values.begin(), values.end()};
}

/// Whether an element of either side has to do with more than one of the other.
bool reduces(const Jacobian& jacobian) {
  std::vector<std::size_t> of_output(jacobian.outputs);
  for (std::size_t i = 0; i < jacobian.inputs; ++i) {
    std::size_t of_input = 0;
    for (std::size_t j = 0; j < jacobian.outputs; ++j) {
      if (jacobian.at(j, i) == 0) continue;
      if (++of_input > 1 || ++of_output[j] > 1) return true;
    }
  }
  return false;
}

/// Whether one element's ratio is the same at other operands, as that of a factor is.
bool same_ratio_elsewhere(const LocalProblem& problem, const Tensor& cotangent, std::size_t k,
                          double ratio) {
  std::vector<Tensor> moved = problem.inputs();
  double by = 0.9;
  for (Tensor& input : moved)
    if (input.dtype() == f64) {
      for (double& x : input.mutable_data<double>()) x *= by;
      by *= 0.9;
    }
  std::vector<const Tensor*> operands;
  for (const Tensor& input : moved) operands.push_back(&input);
  const LocalProblem there(problem.op(), Operands(operands), problem.wanted());
  const std::vector<double> numeric = there.jacobian(k, moved).pulled(cotangent.data<double>());
  const Arrays g(values_of(there.pulled(cotangent)[k]), numeric, moved[k].shape());
  const std::optional<double> other = g.ratio();
  return other && std::abs(*other / ratio - 1) < 1e-4;
}

void tell(CheckReport& report, const Finding& finding) {
  report.hint = finding.hint;
  report.hint_text = finding.text;
}

Finding from_single(const Arrays& g) {
  const double ratio = g.ratio().value_or(0);
  return {Hint::formula,
          fmt::format("there is one element that is not 0, and its ratio, {:.6g}, says little: a "
                      "factor, or a wrong formula; check with more elements",
                      ratio)};
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
  if (!found && g.single() && !same_ratio_elsewhere(problem, cotangent, k, g.ratio().value_or(0)))
    found = from_single(g);
  if (!found)
    found = from_ratio(g, reduces(jacobian) ? extents_of(problem) : std::set<std::size_t>());
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
  if (!found && g.single()) found = from_single(g);
  if (!found) found = from_ratio(g, extents);
  if (!found) found = from_flat(g);
  if (!found) found = from_places(g);
  if (!found) found = from_slices(g);
  if (!found) found = from_terms(g, nullptr);
  tell(report, found ? found : nothing_found);
}

}  // namespace wengert::detail
