// SPDX-License-Identifier: MIT
#include "gradcheck.h"

#include <chrono>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "../graph/error.h"
#include "examination.h"
#include "hints.h"

namespace wengert {
namespace detail {

namespace {

using Clock = std::chrono::steady_clock;

/// Where no single op is to blame, the worst leaf's whole gradient may show a pattern.
void explain_leaf(Examination& e) {
  constexpr std::size_t most = 1024;
  for (std::size_t k = 0; k < e.lifted.leaves().size(); ++k) {
    const CheckedLeaf& leaf = e.lifted.leaves()[k];
    if (leaf.name != e.report.leaf || leaf.value.size() > most) continue;
    std::vector<Tensor> values = e.lifted.point();
    Tensor numeric = zeros(leaf.value.shape(), f64);
    for (std::size_t i = 0; i < leaf.value.size(); ++i) {
      const double x = leaf.value.data<double>()[i];
      const double h = 1e-4 * std::max(1.0, std::abs(x));
      const auto at = [&](double step) {
        values[k] = leaf.value;
        values[k].mutable_data<double>()[i] = x + step;
        return e.lifted.value_at(values);
      };
      numeric.mutable_data<double>()[i] =
          (8.0 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12.0 * h);
    }
    explain(e.report, leaf.gradient, numeric);
    return;
  }
}

void examine(Examination& e, const std::optional<Function>& function, bool random) {
  CheckReport& report = e.report;
  if (const std::string where = first_nonfinite(e.lifted); !where.empty()) {
    report.verdict = Verdict::nonfinite;
    report.tier = Tier::repeatability;
    report.hint_text = where + " is NaN or infinite";
    blame_nonfinite(e);
    return;
  }
  e.lifted.value_at(e.lifted.point(), &e.here);
  e.measure_noise();
  if (e.options.repeatability) check_repeatability(e, function, random);
  if (report.verdict == Verdict::nondeterministic) return;
  if (e.options.adjoint) {
    check_linearity(e);
    check_adjoint(e);
  }
  if (e.options.directions > 0) check_directions(e);
  if (e.options.coordinates > 0) check_coordinates(e);
  if (e.options.nodes) check_nodes(e);
  if (report.verdict == Verdict::disagree && !report.culprit.found && report.hint == Hint::none)
    explain_leaf(e);
  if (e.options.precision && report.verdict != Verdict::disagree) check_precision(e);
}

/// That nothing contradicts a gradient says something only if something was compared with it.
void require_comparison(CheckReport& report) {
  std::size_t compared = report.coordinates;
  for (const TierResult& tier : report.tiers)
    if (tier.tier == Tier::directions || tier.tier == Tier::nodes) compared += tier.comparisons;
  // Of no elements none is wrong.
  if (report.verdict != Verdict::agree || compared > 0 || report.elements == 0) return;
  report.verdict = Verdict::unresolved;
  report.hint_text =
      "nothing was compared with differences: ask for directions, coordinates or nodes";
}

void require_value(const Var& y) {
  if (y.value().defined()) return;
  throw ValueError(
      "gradcheck: the function returned no value, an empty Var; a function to check returns the "
      "Var "
      "that it has computed");
}

void require_gradient(const Var& y, const Tape& tape) {
  if (y.on_tape() && Recording::of(y) != &const_cast<Tape&>(tape).recording())
    throw TapeError(
        "check_tape: this value is not on this tape, but on another one: give the tape that it was "
        "recorded on");
  if (!y.tracked())
    throw TapeError(
        "gradcheck: the result has no gradient: no recorded op leads to it from a variable, an "
        "input of f32 or f64, or a parameter; is it a constant, an integer or a comparison, made "
        "from .value(), or on a tape in inference mode?");
}

CheckReport check(const Tape& tape, const Var& y, const CheckOptions& options,
                  const std::optional<Function>& function, bool random,
                  const CheckedModule& module = {}) {
  const Clock::time_point start = Clock::now();
  require_gradient(y, tape);
  CheckReport report;
  report.seed = options.seed;
  Lifted lifted(tape, y, options.seed);
  for (const CheckedModule::Listed& listed : module.parameters)
    lifted.name(listed.own->id(), listed.path);
  report.value = lifted.value();
  report.nodes = lifted.recording().size();
  for (const CheckedLeaf& leaf : lifted.leaves()) report.elements += leaf.value.size();
  Examination e{tape, y, lifted, options, report, Rng(options.seed)};
  examine(e, function, random);
  require_comparison(report);
  report.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return report;
}

}  // namespace

CheckReport off_tape(const CheckOptions& options, Hint hint, std::string text) {
  CheckReport report;
  report.verdict = Verdict::disagree;
  report.hint = hint;
  report.hint_text = std::move(text);
  report.error = 1;
  report.tiers.push_back({.tier = Tier::repeatability,
                          .ran = true,
                          .verdict = Verdict::disagree,
                          .error = 1,
                          .comparisons = 1});
  report.seed = options.seed;
  return report;
}

CheckReport check_function(const Checked& f, std::span<const Tensor> inputs,
                           const CheckOptions& options, const CheckedModule& module) {
  const std::uint64_t draws = draws_on_this_thread();
  Tape tape;
  const std::vector<Var> xs = leaves_on(tape, inputs);
  const Var y = f(xs);
  require_value(y);
  const bool random = draws_on_this_thread() != draws;
  const Function function{f, inputs, module};
  if (!y.tracked() && !random && changes_off_tape(function, y, options.seed)) {
    return off_tape(options, Hint::off_tape,
                    "the result carries no gradient, yet it changes with the inputs: every value "
                    "was taken off the tape (.value(), .item())");
  }
  if (!random)
    if (const std::string path = used_off_tape(function, tape, y, options.seed); !path.empty())
      return off_tape(
          options, Hint::detached,
          fmt::format("parameter '{}' changes the result and is not on the tape: it was "
                      "used by its .value() instead of .on(x)",
                      path));
  CheckReport report = check(tape, y, options, function, random, module);
  if (options.second_order && report.verdict < Verdict::disagree) {
    const CheckReport second = check_second_order(f, inputs, options);
    if (second.verdict > report.verdict && !second.hint_text.empty()) {
      report.hint = second.hint;
      report.hint_text = second.hint_text;
    }
    for (TierResult tier : second.tiers) {
      if (random && tier.note.empty())
        tier.note = "it draws random numbers: judged at draws of its own, which the replay repeats";
      conclude(report, tier);
    }
  }
  return report;
}

}  // namespace detail

CheckReport check_tape(const Tape& tape, const Var& y, const CheckOptions& options) {
  return detail::check(tape, y, options, {}, false);
}

}  // namespace wengert
