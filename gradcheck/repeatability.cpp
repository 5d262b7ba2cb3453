// SPDX-License-Identifier: MIT
// T0: the same twice, bit for bit, and a tape that tells all. A function that uses a value it has
// taken off the tape, or a parameter without `.on(x)`, changes where the replay of its tape does
// not.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "../graph/error.h"
#include "examination.h"

namespace wengert::detail {
namespace {

const Recording& recorded(const Examination& e) {
  return const_cast<Tape&>(e.original).recording();
}

/// What rounding on the way does to an element of the output, in the coarsest dtype on the way.
double rounding_of_output(Examination& e) {
  constexpr double coarse = 0x1p-40;
  double fine = 0x1p-52;
  for (const Node& node : recorded(e).nodes)
    if (node.dtype == f32) fine = 0x1p-23;
  const Tensor& y = e.lifted.output().value();
  // The median: where a jump is near, one of them may have gone over it.
  std::array<double, 3> samples{};
  for (double& sample : samples) {
    sample = largest(combined(e.lifted.jittered_output(coarse, e.rng), -1, y)) * (fine / coarse);
    if (!std::isfinite(sample)) sample = 0;
  }
  std::ranges::sort(samples);
  return 4 * (samples[1] + fine * largest(y));
}

template <class Call>
bool only_rounding(Examination& e, const Function& function, Call&& call, const Testimony& said) {
  const double rounding = rounding_of_output(e);
  if (!(said.off <= rounding)) return false;
  constexpr double far = 0.1;
  Point point = moved(function.inputs, e.original, far, e.rng);
  try {
    const std::optional<Rerun> again = call(point);
    if (!again) return false;
    const Testimony there = compared(e.original, e.output, *again, point);
    return there.comparable && (there.agrees || there.off <= rounding);
  } catch (const Error&) {  // beyond what the function is defined for
    return false;
  }
}

/// Asks the function, called at points nearer and nearer, whether its tape tells all. Returns what
/// it said where it did not.
template <class Call>
std::optional<Testimony> contradiction(Examination& e, Tally& tally, const Function& function,
                                       Call&& call) {
  for (const double size : {1e-3, 1e-5}) {
    Point point = moved(function.inputs, e.original, size, e.rng);
    std::optional<Rerun> again;
    try {
      again = call(point);
    } catch (const Error& error) {  // the step may have left what the function is defined for
      tally.note(fmt::format("not called again nearby: {}", error.what()));
      continue;
    }
    if (!again) return {};
    Testimony said = compared(e.original, e.output, *again, point);
    if (!said.comparable) continue;
    // A value off the tape may change how it rounds and nothing else, as a maximum that is taken
    // out of a log-sum-exp does.
    // Far away too, as a term that is cut loose does not, however small.
    if (said.agrees || only_rounding(e, function, call, said)) {
      tally.add(Verdict::agree, 0);
      return {};
    }
    // A path that depends on the values is found nearer by; what is cut loose stays.
    if (!said.same_path && size > 1e-4) continue;
    said.replay = said.replay.to(f64);
    e.report.analytic = dot(said.replay, e.lifted.cotangent()) - e.lifted.value();
    e.report.numeric = dot(again->y.value().to(f64), e.lifted.cotangent()) - e.lifted.value();
    return said;
  }
  return {};
}

void blame_off_tape(Examination& e, Tally& tally, const Testimony& said, std::string leaf,
                    std::string text) {
  const double error = said.off / std::max(said.change, said.off);
  tally.add(Verdict::disagree, error);
  e.report.hint = Hint::off_tape;
  e.report.hint_text = std::move(text);
  show(e.report, {.tier = Tier::repeatability,
                  .leaf = std::move(leaf),
                  .analytic = e.report.analytic,
                  .numeric = e.report.numeric,
                  .error = error});
}

bool find_off_tape(Examination& e, const Function& function, Tally& tally) {
  const std::optional<Testimony> said = contradiction(
      e, tally, function,
      [&](const Point& point) -> std::optional<Rerun> { return run_at(function, point); });
  if (!said) return false;
  const std::string where = said->where.empty() ? "" : fmt::format(" ({})", said->where);
  blame_off_tape(
      e, tally, *said, "a step through all leaves",
      said->same_path
          ? fmt::format("the function changes where its tape does not{}: a value taken off the "
                        "tape (.value(), .item()) or a parameter without .on(x)",
                        where)
          : "the function takes another path however near the point: its branches depend on "
            "the values in a way that the tape does not know of");
  return true;
}

/// Parameters whose `.value()` is used beside `.on(x)`: the step goes into a copy of the module.
void find_used_by_value(Examination& e, const Function& function, Tally& tally) {
  if (!function.module.copy_at || function.module.parameters.empty()) return;
  const auto with = [&](auto&& wanted) {
    return contradiction(e, tally, function, [&](Point& point) {
      std::erase_if(point.parameters, [&](const auto& entry) { return !wanted(entry.first); });
      return run_copy_at(function.module, point);
    });
  };
  const std::vector<CheckedModule::Listed>& listed = function.module.parameters;
  const auto is_listed = [&](std::uint64_t id) {
    return std::ranges::any_of(listed, [&](const auto& one) { return one.own->id() == id; });
  };
  const std::optional<Testimony> said = with(is_listed);
  if (!said) return;
  std::string leaf = "a step through all parameters";
  std::string which = "a parameter's";
  for (const CheckedModule::Listed& one : listed) {
    if (recorded(e).parameter_node(one.own->id()) == Recording::none) continue;
    if (!with([&](std::uint64_t id) { return id == one.own->id(); })) continue;
    leaf = fmt::format("parameter '{}'", one.path);
    which = leaf + "'s";
    break;
  }
  blame_off_tape(
      e, tally, *said, leaf,
      fmt::format("{} .value() is used beside its .on(x){}: the function changes with it where "
                  "the tape does not",
                  which, said->where.empty() ? "" : fmt::format(" ({})", said->where)));
}

void compare_off_the_tape(const Function& function, Tally& tally) {
  const Rerun on = run_at(function, point_of(function.inputs), Mode::inference);
  std::vector<Var> plain;
  for (const Tensor& input : function.inputs) plain.emplace_back(input);
  try {
    const Var off = function.f(plain);
    const bool same = same_bits(off.value(), on.y.value());
    tally.add(same ? Verdict::agree : Verdict::disagree, same ? 0 : 1);
    if (!same) tally.note("the value off the tape is not the one on a tape in inference mode");
  } catch (const Error& error) {
    tally.note(fmt::format("does not run off the tape: {}", error.what()));
  }
}

}  // namespace

void check_repeatability(Examination& e, const std::optional<Function>& function, bool random) {
  Tally tally(Tier::repeatability, 0);
  const double once = e.lifted.value_at(e.lifted.point());
  const double twice = e.lifted.value_at(e.lifted.point());
  bool same = once == twice || (std::isnan(once) && std::isnan(twice));
  const std::vector<Tensor> gradients = e.lifted.backward(e.lifted.cotangent());
  for (std::size_t k = 0; k < gradients.size(); ++k)
    same = same && same_bits(gradients[k], e.lifted.leaves()[k].gradient);
  tally.add(same ? Verdict::agree : Verdict::nondeterministic, same ? 0 : 1);
  if (!same) {
    e.report.hint = Hint::nondeterministic;
    e.report.hint_text = once == twice
                             ? "backward gave other gradients the second time: a pullback "
                               "keeps something from one call to the next"
                             : fmt::format("its tape gives {} and then {}", once, twice);
  }

  if (function && random) {
    tally.note("it draws random numbers: it is not called again, the replay repeats its draws");
  } else if (function && same) {
    const Rerun again = run_at(*function, point_of(function->inputs));
    if (!same_bits(again.y.value(), e.output.value())) {
      tally.add(Verdict::nondeterministic, 1);
      const double before = dot(e.output.value().to(f64), e.lifted.cotangent());
      const double now = again.y.shape() == e.output.shape()
                             ? dot(again.y.value().to(f64), e.lifted.cotangent())
                             : std::nan("");
      e.report.hint = Hint::nondeterministic;
      e.report.hint_text = fmt::format("called twice it gave {} and {}", before, now);
      e.report.analytic = before;
      e.report.numeric = now;
    } else {
      if (!find_off_tape(e, *function, tally)) find_used_by_value(e, *function, tally);
      if (function->module.runs_off_tape) compare_off_the_tape(*function, tally);
    }
  }
  conclude(e.report, tally.done());
}

}  // namespace wengert::detail
