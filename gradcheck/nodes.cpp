// SPDX-License-Identifier: MIT
// T5: every op of the tape alone, at its recorded operands, with a random cotangent. The one that
// is wrong is the culprit, however far it is from the leaf where the error shows.
#include <algorithm>
#include <cmath>
#include <optional>

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
  Compared compared = {};
  std::size_t input = 0;
  std::optional<LocalProblem> off_kink = {};  ///< where it was judged, if not at the op's operands
};

/// The slope of <c, op(x)> along a direction of input k; nothing at a kink, or too near one.
std::optional<Compared> compared_along(const Examination& e, const LocalProblem& problem,
                                       std::size_t k, const Tensor& direction,
                                       const Tensor& cotangent, double noise) {
  const Tensor claimed = problem.pulled(cotangent)[k];
  if (!finite(claimed) || !finite(problem.output())) return {};
  const double here = dot(problem.output(), cotangent);
  const double slope = dot(claimed, direction);
  double step = e.options.step / 4;
  const double rough = norm_of_product(claimed, direction);
  const Line line = problem.along(k, direction, cotangent);
  const Setting setting{.wanted = tolerance * rough,
                        .noise = noise,
                        .place = std::min(1.0, largest(problem.inputs()[k]))};
  const Difference numeric = differenced(line, here, step, setting);
  if (numeric.kink || numeric.hidden) return {};
  const double scale = std::max(rough, std::abs(numeric.value));
  return Compared{slope, numeric.value,
                  confirmed(line, here, slope, numeric, scale, tolerance, setting)};
}

Outcome worst_input(Examination& e, const LocalProblem& problem, const Tensor& cotangent) {
  Outcome worst;
  const double noise = problem.noise(cotangent, e.rng);
  for (std::size_t k = 0; k < problem.inputs().size(); ++k) {
    const Tensor& x = problem.inputs()[k];
    if (!problem.wanted()[k] || x.size() == 0) continue;
    const Tensor direction = direction_of(e, problem, k);
    std::optional<LocalProblem> there;
    std::optional<Compared> found = compared_along(e, problem, k, direction, cotangent, noise);
    if (!found && finite(problem.pulled(cotangent)[k])) {
      // What stands on the kink T4 judges, element by element; all the rest is judged beside it.
      const Tensor moves = moves_of(x, e.rng);
      found = judged_off_kink([&](std::size_t place) {
        there.emplace(problem.moved(k, combined(x, off_kink[place], moves)));
        return compared_along(e, *there, k, direction, cotangent, noise);
      });
    }
    if (!found || found->judgement.bends) continue;
    const Judgement& judgement = found->judgement;
    const Judgement& before = worst.compared.judgement;
    if (judgement.verdict < before.verdict ||
        (judgement.verdict == before.verdict && judgement.error <= before.error))
      continue;
    worst = {*found, k, std::move(there)};
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
    const Judgement& judgement = outcome.compared.judgement;
    if (judgement.verdict == Verdict::unresolved) {
      ++unresolved;
      return;
    }
    const bool worst = tally.add(judgement.verdict, judgement.error, judgement.oracle_error);
    if (judgement.verdict != Verdict::disagree) {
      ++culprit.right;
      return;
    }
    ++culprit.wrong;
    if (!worst) return;
    blame(e, node, outcome.input, judgement.error);
    explain(e.report, outcome.off_kink ? *outcome.off_kink : problem, cotangent, outcome.input);
    if (e.report.leaf.empty() || e.report.verdict != Verdict::disagree)
      show(e.report, {.tier = Tier::nodes,
                      .leaf = fmt::format("input {} of {}", outcome.input, all.described(node)),
                      .analytic = outcome.compared.analytic,
                      .numeric = outcome.compared.numeric,
                      .error = judgement.error,
                      .oracle_error = judgement.oracle_error});
  };
  e.lifted.value_at(e.lifted.point(), nullptr, examine);
  if (unresolved > 0)
    tally.note(fmt::format("{} ops were too rough there to judge alone", unresolved));
  conclude(e.report, tally.done());
}

}  // namespace wengert::detail
