// SPDX-License-Identifier: MIT
// T7: the model as it runs, in float32, against float64 on the same tape: its value and its
// gradient. Digits that an ill-conditioned model loses by itself are noted; an op that loses them
// is blamed.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "examination.h"
#include "local_problem.h"

namespace wengert::detail {
namespace {

constexpr double tolerance = 1e-4;
constexpr double epsilon = std::numeric_limits<float>::epsilon();
/// Times what rounding every number once more does to a value: that much is rounding's.
constexpr double explained = 64;

double relative_error(const Tensor& narrow, const Tensor& wide, double floor) {
  const double off = distance(narrow, wide);
  return off == 0 ? 0 : off / std::max(norm(wide), floor);
}

std::vector<const Tensor*> pointers(const std::vector<Tensor>& tensors) {
  std::vector<const Tensor*> list;
  for (const Tensor& tensor : tensors) list.push_back(&tensor);
  return list;
}

/// A node's operands as float32 holds them, and the same numbers in float64.
struct Both {
  std::vector<Tensor> narrow, wide;
};

/// The tape in the precision it was recorded in, beside its lifted twin.
class Narrow {
 public:
  explicit Narrow(Examination& e)
      : e_(e),
        original_(const_cast<Tape&>(e.original).recording()),
        lifted_(e.lifted.recording()) {}

  bool is_here(std::uint32_t node) const {
    return lifted_.nodes[node].tracked && original_.nodes[node].dtype == f32;
  }
  const Op& op(std::uint32_t node) const { return *original_.nodes[node].op; }
  bool in_use() const {
    bool any = false;
    for (std::uint32_t node = 0; node < original_.size() && !any; ++node) any = is_here(node);
    return any;
  }

  /// The operands at which the lifted tape stands, rounded to what the recorded one holds.
  Both rounded_operands(std::uint32_t node, Operands in) const {
    Both both;
    const std::span<const std::uint32_t> from = lifted_.inputs(node);
    for (std::size_t k = 0; k < in.size(); ++k) {
      const bool real = is_float(in[k].dtype());
      both.narrow.push_back(real ? in[k].to(original_.nodes[from[k]].dtype) : in[k]);
      both.wide.push_back(real ? both.narrow[k].to(f64) : in[k]);
    }
    return both;
  }

  /// The first op that makes a value of finite operands that float32 cannot hold.
  std::optional<std::uint32_t> first_nonfinite() const {
    std::optional<std::uint32_t> found;
    std::vector<Tensor> values(lifted_.size());
    e_.lifted.value_at(e_.lifted.point(), nullptr,
                       [&](std::uint32_t node, const Op&, Operands in, const Tensor& out) {
                         if (found) return;
                         std::vector<const Tensor*> operands;
                         for (const std::uint32_t from : lifted_.inputs(node)) {
                           if (!values[from].defined()) values[from] = original_.nodes[from].value;
                           operands.push_back(&values[from]);
                         }
                         values[node] = op(node).run(Operands(operands));
                         bool finite_before = true;
                         for (std::size_t k = 0; k < in.size(); ++k)
                           finite_before = finite_before && finite(*operands[k]);
                         if (finite_before && !finite(values[node]) && finite(out)) found = node;
                       });
    return found;
  }

 private:
  Examination& e_;
  const Recording& original_;
  const Recording& lifted_;
};

/// How far the value is from float64's, in units of what rounding explains.
double unexplained(Examination& e) {
  const Tensor& wide = e.lifted.output().value();
  double noise = epsilon * norm(wide);
  for (int sample = 0; sample < 3; ++sample)
    noise = std::max(noise, distance(e.lifted.jittered_output(epsilon, e.rng), wide));
  const double off = distance(e.output.value(), wide);
  return off == 0 ? 0 : off / (explained * noise);
}

/// The size of an op's result for the error in it: what is all but 0 beside an operand, such as
/// gelu(-5), may lose its digits.
double size_beside(const Tensor& out, const std::vector<Tensor>& in) {
  Tensor sizes = out;
  const std::span<double> to = sizes.mutable_data<double>();
  for (double& size : to) size = std::abs(size);
  for (const Tensor& x : in) {
    if (x.dtype() != f64 || x.shape() != out.shape()) continue;
    for (std::size_t i = 0; i < to.size(); ++i)
      to[i] = std::max(to[i], 1e-2 * std::abs(x.data<double>()[i]));
  }
  return norm(sizes);
}

/// Every op alone, in both precisions, at operands that float32 holds exactly: the one whose value
/// is worst.
void find_wrong_value(Examination& e, const Narrow& narrow, Tally& tally) {
  Culprit& culprit = e.report.culprit;
  const auto examine = [&](std::uint32_t node, const Op& wide_op, Operands in, const Tensor& out) {
    if (!narrow.is_here(node) || out.size() == 0) return;
    const Both at = narrow.rounded_operands(node, in);
    const Tensor a = narrow.op(node).run(Operands(pointers(at.narrow)));
    const Tensor b = wide_op.run(Operands(pointers(at.wide)));
    if (!finite(a) || !finite(b)) return;
    const double off = distance(a, b);
    const double size = size_beside(b, at.wide);
    if (!(off > tolerance * size)) return;
    double noise = 0;
    for (int sample = 0; sample < 3; ++sample) {
      std::vector<Tensor> moved;
      for (const Tensor& x : at.wide) moved.push_back(jittered(x, epsilon, e.rng));
      noise = std::max(noise, distance(wide_op.run(Operands(pointers(moved))), b));
    }
    if (!(off > explained * noise)) return;
    const double error = off / size;
    ++culprit.wrong;
    if (culprit.found && error <= culprit.error) return;
    blame(e, node, 0, error);
    culprit.value = true;
    tally.add(Verdict::disagree, error);
    const Tensor cotangent = e.rng.normal(b.shape(), f64);
    show(e.report, {.tier = Tier::precision,
                    .leaf = fmt::format("the value of {}", e.lifted.recording().described(node)),
                    .analytic = dot(a.to(f64), cotangent),
                    .numeric = dot(b, cotangent),
                    .error = error});
    e.report.hint = Hint::precision;
    e.report.hint_text =
        "right in float64, but float32 loses the digits of this op's value: a difference of large "
        "numbers, or a square that over- or underflows";
  };
  e.lifted.value_at(e.lifted.point(), nullptr, examine);
}

/// Every pullback alone, in both precisions, at operands that float32 holds exactly.
void find_wrong_pullback(Examination& e, const Narrow& narrow, Tally& tally) {
  const Recording& lifted = e.lifted.recording();
  Culprit& culprit = e.report.culprit;
  const auto examine = [&](std::uint32_t node, const Op& wide_op, Operands in, const Tensor& out) {
    if (!narrow.is_here(node) || out.size() == 0) return;
    const std::vector<bool> wanted = wanted_inputs(lifted, node, in);
    const Both at = narrow.rounded_operands(node, in);
    const Tensor cotangent = e.rng.normal(out.shape(), f32);
    const std::vector<Tensor> a =
        LocalProblem(narrow.op(node), Operands(pointers(at.narrow)), wanted).pulled(cotangent);
    const std::vector<Tensor> b =
        LocalProblem(wide_op, Operands(pointers(at.wide)), wanted).pulled(cotangent.to(f64));
    // A slope that is all but 0 (tanh at 10) may lose its digits: nothing that matters is lost.
    const double floor = 1e-2 * norm(cotangent.to(f64));
    for (std::size_t k = 0; k < a.size(); ++k) {
      if (!wanted[k] || !finite(b[k])) continue;
      const bool lost = !finite(a[k]);
      const double error = lost ? 1.0 : relative_error(a[k], b[k], floor);
      if (!(error > tolerance)) continue;
      ++culprit.wrong;
      if (culprit.found && error <= culprit.error) continue;
      blame(e, node, k, error);
      tally.add(lost ? Verdict::nonfinite : Verdict::disagree, error);
      e.report.hint = Hint::precision;
      e.report.hint_text =
          lost ? "finite in float64, but in float32 this pullback makes NaN or infinity: something "
                 "in it overflows"
               : "right in float64, but float32 loses its digits in this pullback: a difference of "
                 "large numbers, or a square that over- or underflows";
    }
  };
  e.lifted.value_at(e.lifted.point(), nullptr, examine);
}

void tell_nonfinite_value(Examination& e, const Narrow& narrow, Tally& tally,
                          const std::string& what) {
  tally.add(Verdict::nonfinite, 1);
  e.report.hint = Hint::precision;
  const std::optional<std::uint32_t> node = narrow.first_nonfinite();
  if (node) {
    blame(e, *node, 0, 1);
    e.report.culprit.value = true;
    e.report.culprit.wrong = 1;
  }
  e.report.hint_text =
      fmt::format("{} is NaN or infinite in float32 and finite in float64: {}", what,
                  node ? "this op's value overflows first; take out the largest number before it"
                       : "the products on the way back overflow");
}

}  // namespace

void check_precision(Examination& e) {
  Tally tally(Tier::precision, tolerance);
  const Tape& original = e.original;
  Recording& all = const_cast<Tape&>(original).recording();
  const Narrow narrow(e);
  if (!narrow.in_use()) {
    e.report.tiers.push_back({.tier = Tier::precision, .note = "the tape is in float64 already"});
    return;
  }
  if (!finite(e.output.value())) {
    tell_nonfinite_value(e, narrow, tally, "the value");
    conclude(e.report, tally.done());
    return;
  }
  const bool value_off = unexplained(e) > 1;
  if (value_off) find_wrong_value(e, narrow, tally);

  const Tensor cotangent = e.lifted.cotangent().to(e.output.dtype());
  const Gradients gradients = original.backward(e.output, cotangent);
  const std::vector<Tensor> wide = e.lifted.backward(cotangent.to(f64));
  const double rms = e.rms();
  double worst = 0;
  std::string lost;
  Shown shown{.tier = Tier::precision};
  for (std::size_t k = 0; k < wide.size(); ++k) {
    const CheckedLeaf& leaf = e.lifted.leaves()[k];
    const Var* found = gradients.find(all.at(leaf.node, all.nodes[leaf.node].value));
    if (!found || wide[k].size() == 0) continue;
    if (!finite(found->value()) && lost.empty()) lost = leaf.name;
    const double floor = 1e-3 * rms * std::sqrt(static_cast<double>(wide[k].size()));
    double error = relative_error(found->value(), wide[k], floor);
    if (std::isnan(error)) error = std::numeric_limits<double>::infinity();
    tally.add(Verdict::agree, error);
    if (error <= worst) continue;
    worst = error;
    const std::vector<double> off = [&] {
      const Tensor all_off = combined(found->value(), -1, wide[k]);
      return std::vector<double>(all_off.data<double>().begin(), all_off.data<double>().end());
    }();
    const auto worse = [](double a, double b) {
      return std::isfinite(a) && !(std::abs(a) >= std::abs(b));
    };
    const auto element =
        static_cast<std::size_t>(std::max_element(off.begin(), off.end(), worse) - off.begin());
    shown.leaf = leaf.name;
    shown.shape = leaf.value.shape();
    shown.index = index_of(element, shown.shape);
    shown.numeric = wide[k].data<double>()[element];
    shown.analytic = shown.numeric + off[element];
    shown.error = error;
  }
  if (worst > tolerance && !e.report.culprit.found) {
    find_wrong_pullback(e, narrow, tally);
    if (!lost.empty() && tally.result().verdict != Verdict::nonfinite)
      tell_nonfinite_value(e, narrow, tally, "the gradient of " + lost);
    if (tally.result().verdict == Verdict::agree)
      tally.note(
          fmt::format("in float32 the gradient is good to {:.0e} only; no single op is to "
                      "blame, the model is ill-conditioned here",
                      worst));
    else show(e.report, shown);
  }
  if (value_off && tally.result().verdict == Verdict::agree && tally.result().note.empty())
    tally.note(
        "in float32 the value is further off than rounding explains; no single op is to "
        "blame");
  Culprit& culprit = e.report.culprit;
  culprit.right -= std::min(culprit.right, culprit.wrong);  // right in float64
  conclude(e.report, tally.done());
}

}  // namespace wengert::detail
