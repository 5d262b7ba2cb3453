// SPDX-License-Identifier: MIT
// Rules of an op's contract about its derivatives: linear in the cotangent, and right.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "../graph/error.h"
#include "contract_rules.h"
#include "contract_values.h"
#include "vectors.h"

namespace wengert::detail::contract {
namespace {

/// What is wrong with the pullback as it was recorded, at other inputs. A constant on the tape is
/// one to the second derivative and to its differences alike, which therefore agree.
std::string recorded_pullback(const Subject& subject, DType dtype) {
  Recorded one(subject.op, subject.inputs(dtype));
  const Tensor cotangent_value = subject.cotangent(one.y.value());
  const Gradients recorded = one.tape.backward(one.y, one.tape.variable(cotangent_value));
  const std::vector<Tensor> moved = subject.others(dtype);
  const std::vector<Tensor> direct = Recorded(subject.op, moved).gradients(cotangent_value);
  std::vector<Binding> bindings;
  for (std::size_t k = 0; k < moved.size(); ++k) bindings.emplace_back(one.xs[k], moved[k]);
  std::size_t at = 0;
  for (std::size_t k = 0; k < moved.size(); ++k) {
    if (!is_float(moved[k].dtype())) continue;
    const Tensor& wanted = direct[at++];
    const Var* gradient = recorded.find(one.xs[k]);
    if (!gradient || !gradient->on_tape()) continue;
    const double off = distance(one.tape.replay(*gradient, bindings), wanted);
    if (!(off <= subject.options.tolerance * norm(direct)))
      return fmt::format(
          "the recorded pullback, run again at other inputs, gives gradient {} off by {:.1e}; "
          "does it use something computed from .value()?",
          k, off);
  }
  return {};
}

}  // namespace

std::string zero_cotangent(const Subject& subject, DType dtype) {
  const Recorded one(subject.op, subject.inputs(dtype));
  const std::vector<Tensor> gradients = one.gradients(zeros_like(one.y.value()));
  for (std::size_t k = 0; k < gradients.size(); ++k)
    if (const double size = norm(gradients[k]); !(size == 0))
      return fmt::format("the cotangent 0 gives gradient {} a norm of {:.1e}", k, size);
  return {};
}

std::string linear(const Subject& subject, DType dtype) {
  if (dtype != f64) return {};  // rounding would say nothing
  const Recorded one(subject.op, subject.inputs(dtype));
  constexpr double factor = -1.75;
  const Tensor u = subject.cotangent(one.y.value(), 1);
  const Tensor v = subject.cotangent(one.y.value(), 2);
  const std::vector<Tensor> by_u = deep_copy(one.gradients(u));
  const std::vector<Tensor> by_v = deep_copy(one.gradients(v));
  const std::vector<Tensor> by_both = one.gradients(combined(u, factor, v));
  const double off = distance(by_both, combined(by_u, factor, by_v));
  // Where a gradient cancels to nothing, rounding is measured by what cancelled.
  const double scale = norm(by_u) + std::abs(factor) * norm(by_v) +
                       1e-3 * norm(one.y.value()) * norm(u) / std::max(1.0, norm(one.inputs));
  if (off <= subject.options.tolerance * scale) return {};
  return fmt::format(
      "J'(u + a v) differs from J'u + a J'v by {:.1e} of its size; is the cotangent "
      "used twice, or not at all?",
      off / scale);
}

std::string gradient(const Subject& subject, DType dtype) {
  const std::vector<Tensor> xs = subject.inputs(dtype);
  CheckOptions gradient = subject.options.gradient;
  gradient.repeatability = gradient.adjoint = false;  // rules of their own
  const CheckReport report = gradcheck(subject.op, std::span<const Tensor>(xs), gradient);
  return report.agrees() ? std::string() : to_string(report);
}

Found second_order(const Subject& subject, DType dtype) {
  if (dtype != f64) return {};
  const std::vector<Tensor> xs = subject.inputs(dtype);
  try {
    if (std::string complaint = recorded_pullback(subject, dtype); !complaint.empty())
      return complaint;
    const CheckReport report =
        gradcheck_second_order(subject.op, std::span<const Tensor>(xs), subject.options.gradient);
    return report.agrees() ? std::string() : to_string(report);
  } catch (const FirstOrderError&) {
    return {"", "first order only, and says so"};
  }
}

}  // namespace wengert::detail::contract
