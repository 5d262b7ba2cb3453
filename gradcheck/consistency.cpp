// SPDX-License-Identifier: MIT
// T1 and T2: backward against itself. What it computes has to be a linear function of the
// cotangent, and the transpose of what the tape computes forward.
#include <algorithm>
#include <cmath>

#include "../graph/error.h"
#include "../ops/arithmetic.h"
#include "../ops/reduce.h"
#include "examination.h"

namespace wengert::detail {
namespace {

/// What rounding does to backward: a cotangent that is a little longer has to give gradients that
/// are as much longer, and what differs is rounding: of a part that is not linear it shows a
/// ten-thousandth. A gradient that cancels, as that of x / x at a small x, is nothing else.
double rounding_of_backward(const Examination& e, const Tensor& cotangent) {
  const std::vector<Tensor> plain = e.lifted.backward(cotangent);
  double rounding = 0;
  for (const double longer : {1.00011, 1.00007, 0.99987, 0.99995}) {
    Tensor stretched = cotangent;
    for (double& c : stretched.mutable_data<double>()) c *= longer;
    rounding = std::max(rounding, norm(combined(e.lifted.backward(stretched), -longer, plain)));
  }
  return rounding;
}

}  // namespace

void check_linearity(Examination& e) {
  constexpr double tolerance = 1e-13;
  Tally tally(Tier::linearity, tolerance);
  const Shape& shape = e.lifted.output().shape();
  const Tensor first = e.rng.normal(shape, f64), second = e.rng.normal(shape, f64);
  constexpr double factor = -1.75;
  const Tensor sum = combined(second, factor, first);

  const std::vector<Tensor> a = e.lifted.backward(first), b = e.lifted.backward(second);
  const std::vector<Tensor> both = e.lifted.backward(sum);
  const double size = 2 * norm(a) + norm(b) + norm(sum) * e.usual_size();
  const double off = distance(both, combined(b, factor, a));
  const double error = size > 0 ? off / size : 0.0;
  const bool linear =
      error <= tolerance || !std::isfinite(error) || off <= 16 * rounding_of_backward(e, sum);
  tally.add(linear ? Verdict::agree : Verdict::disagree, error);
  // NaN from 0 times infinity is a matter of special values, not of linearity.
  const double of_zero = norm(e.lifted.backward(zeros(shape, f64)));
  if (of_zero > 0 && std::isfinite(of_zero)) {
    tally.add(Verdict::disagree, 1);
    tally.note("the cotangent 0 gives a gradient that is not 0");
  } else if (!linear) {
    tally.note("backward is not linear in the cotangent: a pullback uses it twice, or a constant");
  }
  conclude(e.report, tally.done());
}

void check_adjoint(Examination& e) {
  constexpr double tolerance = 1e-12;
  Tally tally(Tier::adjoint, tolerance);
  constexpr int pairs = 3;
  try {
    for (int pair = 0; pair < pairs; ++pair) {
      // J u as the derivative of w -> J'w along u; recording it is a test of double backward too.
      Tape tape = e.original.replayed({}, f64);
      Recording& all = tape.recording();
      const Var y = tape.counterpart(e.output);
      const Var w = tape.variable(e.rng.normal(y.shape(), f64));
      const Gradients pulled = tape.backward(y, w);
      Var total = scalar(0.0, f64);
      std::vector<Tensor> tangents;
      for (const CheckedLeaf& leaf : e.lifted.leaves()) {
        tangents.push_back(e.rng.normal(leaf.value.shape(), f64));
        const Var* found = pulled.find(all.at(leaf.node, leaf.value));
        if (found) total = total + sum(*found * Var(tangents.back()));
      }
      if (!total.tracked()) break;  // the gradient is zero
      const Gradients pushed = tape.backward(total, wrt(w));
      const Var* tangent = pushed.find(w);
      const Tensor forward = tangent ? tangent->value() : zeros(y.shape(), f64);
      const Tensor v = e.rng.normal(y.shape(), f64);
      const std::vector<Tensor> back = e.lifted.backward(v);
      double right = 0;
      for (std::size_t k = 0; k < back.size(); ++k) right += dot(back[k], tangents[k]);
      const double left = dot(v, forward);
      const double size = norm(v) * norm(forward) + norm(back) * norm(tangents) +
                          norm(v) * norm(tangents) * e.usual_size();
      const double error = size > 0 ? std::abs(left - right) / size : 0.0;
      tally.add(error <= tolerance || !std::isfinite(error) ? Verdict::agree : Verdict::disagree,
                error);
    }
  } catch (const TapeError& error) {
    // First order only; the message names the op.
    e.report.tiers.push_back({.tier = Tier::adjoint, .note = error.what()});
    return;
  }
  conclude(e.report, tally.done());
}

}  // namespace wengert::detail
