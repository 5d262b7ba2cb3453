// SPDX-License-Identifier: MIT
// T7: backward as the model runs it, in float32, against float64 on the same tape. Digits that an
// ill-conditioned model loses by itself are noted; a pullback that loses them is blamed.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "examination.h"
#include "local_problem.h"

namespace wengert::detail {
namespace {

constexpr double tolerance = 1e-4;

double relative_error(const Tensor& narrow, const Tensor& wide, double floor) {
  double off = 0, size = 0;
  const Tensor lifted = narrow.to(f64);
  for (std::size_t i = 0; i < wide.size(); ++i) {
    off += std::pow(lifted.data<double>()[i] - wide.data<double>()[i], 2);
    size += std::pow(wide.data<double>()[i], 2);
  }
  return std::sqrt(off) / std::max({std::sqrt(size), floor, 1e-300});
}

/// Every pullback alone, in both precisions, at operands that float32 holds exactly.
void find_culprit(Examination& e, Tally& tally) {
  Recording& original = const_cast<Tape&>(e.original).recording();
  const Recording& lifted = e.lifted.recording();
  Culprit& culprit = e.report.culprit;
  const auto examine = [&](std::uint32_t node, const Op& wide_op, Operands in, const Tensor& out) {
    const Node& recorded = original.nodes[node];
    if (!lifted.nodes[node].tracked || recorded.dtype != f32 || out.size() == 0) return;
    std::vector<Tensor> narrow, wide;
    const std::vector<bool> wanted = wanted_inputs(lifted, node, in);
    const std::span<const std::uint32_t> from = lifted.inputs(node);
    for (std::size_t k = 0; k < in.size(); ++k) {
      narrow.push_back(is_float(in[k].dtype()) ? in[k].to(original.nodes[from[k]].dtype) : in[k]);
      wide.push_back(is_float(in[k].dtype()) ? narrow[k].to(f64) : in[k]);
    }
    const auto operands = [](const std::vector<Tensor>& tensors) {
      std::vector<const Tensor*> list;
      for (const Tensor& tensor : tensors) list.push_back(&tensor);
      return list;
    };
    const std::vector<const Tensor*> narrow_list = operands(narrow), wide_list = operands(wide);
    const Tensor cotangent = e.rng.normal(out.shape(), f32);
    const std::vector<Tensor> a =
        LocalProblem(*recorded.op, Operands(narrow_list), wanted).pulled(cotangent);
    const std::vector<Tensor> b =
        LocalProblem(wide_op, Operands(wide_list), wanted).pulled(cotangent.to(f64));
    // A slope that is all but 0 (tanh at 10) may lose its digits: nothing that matters is lost.
    const double floor = 1e-2 * std::sqrt(dot(cotangent.to(f64), cotangent.to(f64)));
    for (std::size_t k = 0; k < a.size(); ++k) {
      if (!wanted[k] || !finite(b[k])) continue;
      const double error = finite(a[k]) ? relative_error(a[k], b[k], floor) : 1.0;
      if (!(error > tolerance)) continue;
      ++culprit.wrong;
      if (culprit.found && error <= culprit.error) continue;
      culprit = {.found = true,
                 .node = node,
                 .op = std::string(wide_op.name()),
                 .place = to_string(lifted.places[lifted.nodes[node].place]),
                 .input = k,
                 .error = error,
                 .wrong = culprit.wrong,
                 .right = culprit.right};
      tally.add(Verdict::disagree, error);
      e.report.hint = Hint::precision;
      e.report.hint_text =
          "right in float64, but float32 loses its digits in this pullback: a difference of large "
          "numbers, or a square that over- or underflows";
    }
  };
  e.lifted.value_at(e.lifted.point(), nullptr, examine);
}

}  // namespace

void check_precision(Examination& e) {
  Tally tally(Tier::precision, tolerance);
  const Tape& original = e.original;
  Recording& all = const_cast<Tape&>(original).recording();
  if (e.output.dtype() != f32) {
    e.report.tiers.push_back({.tier = Tier::precision, .note = "the tape is in float64 already"});
    return;
  }
  const Tensor cotangent = e.lifted.cotangent().to(f32);
  const Gradients narrow = original.backward(e.output, cotangent);
  const std::vector<Tensor> wide = e.lifted.backward(cotangent.to(f64));
  const double rms = e.rms();
  double worst = 0;
  for (std::size_t k = 0; k < wide.size(); ++k) {
    const CheckedLeaf& leaf = e.lifted.leaves()[k];
    const Var* found = narrow.find(all.at(leaf.node, all.nodes[leaf.node].value));
    if (!found || wide[k].size() == 0) continue;
    const double floor = 1e-3 * rms * std::sqrt(static_cast<double>(wide[k].size()));
    const double error = relative_error(found->value(), wide[k], floor);
    worst = std::max(worst, std::isnan(error) ? 1.0 : error);
    tally.add(Verdict::agree, error);
  }
  if (worst > tolerance) {
    find_culprit(e, tally);
    if (tally.result().verdict == Verdict::agree)
      tally.note(
          fmt::format("in float32 the gradient is good to {:.0e} only; no single op is to "
                      "blame, the model is ill-conditioned here",
                      worst));
  }
  conclude(e.report, tally.done());
}

}  // namespace wengert::detail
