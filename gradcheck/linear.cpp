// SPDX-License-Identifier: MIT
// Is a function linear in one of its inputs? Its tape is asked in float64, and the function itself,
// because what it takes off the tape is a constant there.
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "../graph/error.h"
#include "examination.h"

namespace wengert::detail {
namespace {

constexpr double tolerance = 1e-12;

void require_input(std::span<const Tensor> inputs, std::size_t by) {
  if (by >= inputs.size())
    throw ValueError(fmt::format(
        "check_linear: there is no input {}: {} {} given, counted from 0; check_linear(f, "
        "inputs, by)",
        by, inputs.size(), inputs.size() == 1 ? "was" : "were"));
  if (!is_float(inputs[by].dtype()))
    throw ValueError(
        fmt::format("check_linear: input {} is i64; only in an input of f32 or f64 can "
                    "a function be linear",
                    by));
}

/// The function, and what is asked of it when one input has another value.
class Linearity {
 public:
  Linearity(const Checked& f, std::span<const Tensor> inputs, std::size_t by)
      : f_(f), inputs_(inputs), by_(by) {
    const std::uint64_t draws = draws_on_this_thread();
    xs_ = leaves_on(tape_, inputs);
    y_ = f(xs_);
    random_ = draws_on_this_thread() != draws;
  }

  bool random() const { return random_; }
  /// In float64, by the tape.
  Tensor at(const Tensor& value) const {
    if (!y_.on_tape()) return y_.value().to(f64);
    return tape_.replay(y_, {Binding(xs_[by_], value)}, f64);
  }
  /// What the function says there in its own dtype, beside its tape.
  Testimony called_at(const Tensor& value) const {
    const CheckedModule none;
    Point point = point_of(inputs_);
    point.inputs[by_] = value.to(inputs_[by_].dtype());
    return compared(tape_, y_, run_at({f_, inputs_, none}, point), point);
  }

 private:
  const Checked& f_;
  std::span<const Tensor> inputs_;
  std::size_t by_;
  Tape tape_;
  std::vector<Var> xs_;
  Var y_;
  bool random_ = false;
};

}  // namespace

CheckReport check_linear(const Checked& f, std::span<const Tensor> inputs, std::size_t by,
                         const CheckOptions& options) {
  require_input(inputs, by);
  const Linearity function(f, inputs, by);
  Rng rng(options.seed);
  const Shape& shape = inputs[by].shape();
  CheckReport report;
  report.seed = options.seed;
  Tally tally(Tier::linearity, tolerance);
  const auto judge = [&](Verdict verdict, double error, Hint hint, std::string text) {
    if (!tally.add(verdict, error) || verdict == Verdict::agree) return;
    report.hint = hint;
    report.hint_text = std::move(text);
  };
  const auto ask_function = [&](const Tensor& value) {
    if (function.random()) return;
    const Testimony said = function.called_at(value);
    if (!said.comparable)
      judge(Verdict::disagree, 1, Hint::off_tape,
            fmt::format("the result's shape depends on the values of input {}", by));
    else if (!said.agrees)
      judge(Verdict::disagree, said.off / std::max(said.change, said.off), Hint::off_tape,
            fmt::format("called with another input {}, the function does not give what its tape "
                        "gives{}: a value taken off the tape (.value(), .item()), or a branch that "
                        "depends on one",
                        by, said.where.empty() ? "" : fmt::format(" ({})", said.where)));
  };
  for (int trial = 0; trial < 3; ++trial) {
    constexpr double factor = 1.75;
    const Tensor u = rng.normal(shape, f64), v = rng.normal(shape, f64);
    const Tensor both = combined(v, factor, u);
    const Tensor fu = function.at(u), fv = function.at(v), together = function.at(both);
    if (!finite(fu) || !finite(fv) || !finite(together)) {
      judge(Verdict::nonfinite, 1, Hint::none,
            fmt::format("at random values of input {} the result is NaN or infinite: a linear "
                        "function takes all numbers",
                        by));
      break;
    }
    const double off = distance(together, combined(fv, factor, fu));
    const double size = std::hypot(factor * norm(fu), norm(fv));
    const double error = size > 0 ? off / size : off;
    judge(error <= tolerance ? Verdict::agree : Verdict::disagree, error, Hint::none,
          fmt::format("f(a u + v) is not a f(u) + f(v) in input {}", by));
    for (const Tensor& value : {u, v, both}) ask_function(value);
  }
  if (tally.result().verdict == Verdict::disagree && report.hint == Hint::none)
    if (const Tensor offset = function.at(zeros(shape, f64)); finite(offset) && norm(offset) > 0)
      report.hint_text += "; f(0) is not 0: with an offset it is affine, not linear";
  if (function.random()) tally.note("it draws random numbers: only its tape was asked");
  report.error = tally.result().error;
  conclude(report, tally.done());
  return report;
}

}  // namespace wengert::detail
