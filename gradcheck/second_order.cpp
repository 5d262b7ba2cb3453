// SPDX-License-Identifier: MIT
// T6: the Hessian is symmetric, and it is the derivative of the gradient.
#include <cmath>

#include <fmt/format.h>

#include "../graph/backward.h"
#include "../graph/error.h"
#include "../ops/arithmetic.h"
#include "../ops/reduce.h"
#include "examination.h"

namespace wengert::detail {
namespace {

/// H v, leaf by leaf, by differentiating <gradient, v>.
std::vector<Tensor> hessian_times(const Examination& e, const std::vector<Tensor>& v) {
  Tape tape = e.original.replayed({}, f64);
  Recording& all = tape.recording();
  const Var y = tape.counterpart(e.output);
  const Var cotangent = tape.input(e.lifted.cotangent());
  const Gradients gradients = tape.backward(y, cotangent);
  Var total = scalar(0.0, f64);
  Wrt by;
  std::vector<Var> leaves;
  for (const CheckedLeaf& leaf : e.lifted.leaves()) {
    leaves.push_back(all.at(leaf.node, leaf.value));
    by.add(leaves.back());
  }
  for (std::size_t k = 0; k < leaves.size(); ++k)
    if (const Var* gradient = gradients.find(leaves[k])) total = total + sum(*gradient * Var(v[k]));
  std::vector<Tensor> result;
  if (!total.tracked()) {
    for (const Tensor& tensor : v) result.push_back(zeros(tensor.shape(), f64));
    return result;
  }
  const Gradients second = tape.backward(total, by);
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    const Var* found = second.find(leaves[k]);
    result.push_back(found ? found->value() : zeros(v[k].shape(), f64));
  }
  return result;
}

/// Neither right nor wrong: there is nothing to check.
CheckReport without_second_order(CheckReport report, const CheckOptions& options,
                                 const FirstOrderError& error) {
  report.hint = Hint::first_order;
  report.hint_text = fmt::format(
      "op '{}' has a first derivative only: its pullback computes off the tape; write it with ops "
      "on Var to differentiate it again",
      error.op);
  report.verdict = Verdict::agree;
  report.tiers.clear();
  conclude(report, {.tier = Tier::second_order,
                    .verdict = Verdict::unresolved,
                    .tolerance = options.tolerance,
                    .note = "not checked: first order only"});
  return report;
}

}  // namespace

void check_symmetry(Examination& e) {
  constexpr double tolerance = 1e-10;
  Tally tally(Tier::second_order, tolerance);
  try {
    for (int pair = 0; pair < 3; ++pair) {
      std::vector<Tensor> u, v;
      for (const CheckedLeaf& leaf : e.lifted.leaves()) {
        u.push_back(e.rng.normal(leaf.value.shape(), f64));
        v.push_back(e.rng.normal(leaf.value.shape(), f64));
      }
      const std::vector<Tensor> hu = hessian_times(e, u), hv = hessian_times(e, v);
      double left = 0, right = 0, size = 0, gradient = 0;
      for (std::size_t k = 0; k < u.size(); ++k) {
        left += dot(u[k], hv[k]);
        right += dot(v[k], hu[k]);
        size += norm(u[k]) * norm(hv[k]) + norm(v[k]) * norm(hu[k]);
        gradient = std::hypot(gradient, norm(e.lifted.leaves()[k].gradient));
      }
      // A Hessian that is 0 but for the last bits.
      size += norm(u) * norm(v) * (1e-4 * gradient + e.usual_size());
      const double error = size > 0 ? std::abs(left - right) / size : 0.0;
      tally.add(error <= tolerance || !std::isfinite(error) ? Verdict::agree : Verdict::disagree,
                error);
    }
    if (tally.result().verdict == Verdict::disagree) tally.note("u'Hv is not v'Hu");
  } catch (const TapeError& error) {
    e.report.tiers.push_back({.tier = Tier::second_order, .note = error.what()});
    return;
  }
  conclude(e.report, tally.done());
}

CheckReport check_second_order(const Checked& f, std::span<const Tensor> inputs,
                               const CheckOptions& options) {
  // Derivatives of a wrong gradient are wrong however well they agree with its differences.
  CheckOptions first_order = options;
  first_order.repeatability = first_order.adjoint = first_order.precision = false;
  first_order.second_order = false;
  CheckReport first = check_function(f, inputs, first_order);
  if (first.verdict == Verdict::disagree) return first;

  // The gradient's product with a random vector, as a function of the same inputs. The vectors are
  // drawn once: a function that draws is not called again.
  Rng rng(options.seed, 1);
  std::vector<Tensor> drawn;
  std::size_t used = 0;
  const auto vector = [&](const Shape& shape, DType dtype) {
    if (used == drawn.size()) drawn.push_back(rng.normal(shape, dtype));
    return drawn[used++].to(dtype);
  };
  const Checked slope = [&](std::span<const Var> xs) {
    used = 0;
    const Var y = f(xs);
    Recording& recording = *Recording::of(xs[0]);
    const Var cotangent = recording.leaf(vector(y.shape(), y.dtype()), Leaf::variable);
    Wrt by;
    for (const Var& x : xs)
      if (x.tracked()) by.add(x);
    for (const ParameterLeaf& parameter : recording.parameters)
      by.add(recording.at(parameter.node, recording.nodes[parameter.node].value));
    Var total = scalar(0.0, f64);  // cast changes dtypes, so the parts may differ in theirs
    const Gradients gradients =
        Sweep(recording, std::span(&y, 1), std::span(&cotangent, 1), &by).run();
    for (const Var& x : by.vars())
      if (const Var* gradient = gradients.find(x))
        total = total + cast(sum(*gradient * Var(vector(x.shape(), x.dtype()))), f64);
    return total;
  };
  CheckOptions inner = options;
  inner.adjoint = inner.precision = inner.second_order = false;
  try {
    Tape tape;
    slope(leaves_on(tape, inputs));
  } catch (const FirstOrderError& error) {
    return without_second_order(std::move(first), options, error);
  }
  CheckReport report = check_function(slope, inputs, inner, {.runs_off_tape = false});
  TierResult result{.tier = Tier::second_order, .ran = true, .tolerance = options.tolerance};
  for (const TierResult& tier : report.tiers) {
    if (!tier.ran) continue;
    result.comparisons += tier.comparisons;
    if (tier.tier == Tier::directions || tier.tier == Tier::coordinates)
      result.error = std::max(result.error, tier.error);
  }
  result.verdict = report.verdict;
  report.tiers = {result};
  report.shown = Tier::second_order;
  if (report.verdict != Verdict::agree) report.tier = Tier::second_order;
  if (report.verdict > Verdict::unresolved) return report;

  Tape tape;
  const std::vector<Var> xs = leaves_on(tape, inputs);
  const Var y = f(xs);
  const Lifted lifted(tape, y, options.seed);
  CheckReport symmetric;
  Examination e{tape, y, lifted, options, symmetric, Rng(options.seed, 5)};
  check_symmetry(e);
  for (const TierResult& tier : symmetric.tiers) conclude(report, tier);
  return report;
}

}  // namespace wengert::detail
