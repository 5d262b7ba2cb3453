// SPDX-License-Identifier: MIT
// T5: every op of the tape alone, at its recorded operands, with a random cotangent. The one that
// is wrong is the culprit, however far it is from the leaf where the error shows.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "difference.h"
#include "examination.h"
#include "hints.h"
#include "local_problem.h"

namespace wengert::detail {
namespace {

constexpr double tolerance = 1e-8;

/// A Gaussian direction of input k in which every element moves by about its own step.
Tensor direction_of(Examination& e, const LocalProblem& problem, std::size_t k) {
  const Tensor& x = problem.inputs()[k];
  Tensor d = e.rng.normal(x.shape(), f64);
  const std::span<double> elements = d.mutable_data<double>();
  for (std::size_t i = 0; i < elements.size(); ++i)
    elements[i] *= std::max(1.0, std::abs(x.data<double>()[i]));
  return d;
}

struct Outcome {
  Judgement judgement;
  std::size_t input = 0;
  double analytic = 0;
  double numeric = 0;
};

Outcome worst_input(Examination& e, const LocalProblem& problem, const Tensor& cotangent) {
  Outcome worst;
  const std::vector<Tensor> analytic = problem.pulled(cotangent);
  const double here = dot(problem.output(), cotangent);
  const double noise = problem.noise(cotangent, e.rng);
  for (std::size_t k = 0; k < analytic.size(); ++k) {
    if (!problem.wanted()[k] || analytic[k].size() == 0 || !finite(analytic[k])) continue;
    const Tensor direction = direction_of(e, problem, k);
    const double slope = dot(analytic[k], direction);
    double step = e.options.step / 4;
    const double rough = norm_of_product(analytic[k], direction);
    const Line line = problem.along(k, direction, cotangent);
    const Setting setting{.wanted = tolerance * rough,
                          .noise = noise,
                          .place = std::min(1.0, largest(problem.inputs()[k]))};
    const Difference numeric = differenced(line, here, step, setting);
    if (numeric.kink || numeric.hidden) continue;  // T4 judges those element by element
    const double scale = std::max(rough, std::abs(numeric.value));
    const Judgement judgement = confirmed(line, here, slope, numeric, scale, tolerance, setting);
    if (judgement.bends) continue;
    if (judgement.verdict < worst.judgement.verdict ||
        (judgement.verdict == worst.judgement.verdict && judgement.error <= worst.judgement.error))
      continue;
    worst = {judgement, k, slope, numeric.value};
  }
  return worst;
}

}  // namespace

void blame_nonfinite(Examination& e) {
  const Recording& all = e.lifted.recording();
  Culprit& culprit = e.report.culprit;
  const auto examine = [&](std::uint32_t node, const Op& op, Operands in, const Tensor& out) {
    if (culprit.found || !all.nodes[node].tracked || out.size() == 0 || !finite(out)) return;
    const LocalProblem problem(op, in, wanted_inputs(all, node, in));
    const std::vector<Tensor> pulled = problem.pulled(e.rng.normal(out.shape(), f64));
    for (std::size_t k = 0; k < pulled.size(); ++k) {
      if (!problem.wanted()[k] || finite(pulled[k])) continue;
      blame(e, node, k, 1);
      culprit.wrong = 1;
      e.report.tier = Tier::nodes;
      e.report.hint = Hint::nonfinite;
      e.report.hint_text =
          "this pullback makes NaN or infinity of finite numbers: 0 / 0, log 0, a root at 0; guard "
          "it with where(), inside and out";
      return;
    }
    ++culprit.right;
  };
  e.lifted.value_at(e.lifted.point(), nullptr, examine);
}

void check_nodes(Examination& e) {
  Tally tally(Tier::nodes, tolerance);
  const Recording& all = e.lifted.recording();
  Culprit& culprit = e.report.culprit;
  std::size_t unresolved = 0;
  const auto examine = [&](std::uint32_t node, const Op& op, Operands in, const Tensor& out) {
    if (!all.nodes[node].tracked || out.size() == 0 || !finite(out)) return;
    const LocalProblem problem(op, in, wanted_inputs(all, node, in));
    const Tensor cotangent = e.rng.normal(out.shape(), f64);
    const Outcome outcome = worst_input(e, problem, cotangent);
    if (outcome.judgement.verdict == Verdict::unresolved) {
      ++unresolved;
      return;
    }
    const bool worst = tally.add(outcome.judgement.verdict, outcome.judgement.error,
                                 outcome.judgement.oracle_error);
    if (outcome.judgement.verdict != Verdict::disagree) {
      ++culprit.right;
      return;
    }
    ++culprit.wrong;
    if (!worst) return;
    blame(e, node, outcome.input, outcome.judgement.error);
    explain(e.report, problem, cotangent, outcome.input);
    if (e.report.leaf.empty() || e.report.verdict != Verdict::disagree)
      show(e.report, {.tier = Tier::nodes,
                      .leaf = fmt::format("input {} of {}", outcome.input, all.described(node)),
                      .analytic = outcome.analytic,
                      .numeric = outcome.numeric,
                      .error = outcome.judgement.error,
                      .oracle_error = outcome.judgement.oracle_error});
  };
  e.lifted.value_at(e.lifted.point(), nullptr, examine);
  if (unresolved > 0)
    tally.note(fmt::format("{} ops were too rough there to judge alone", unresolved));
  conclude(e.report, tally.done());
}

}  // namespace wengert::detail
