// SPDX-License-Identifier: MIT
// T0: the same twice, bit for bit, and a tape that tells all. A function that uses a value it has
// taken off the tape, or a parameter without `.on(x)`, changes where the replay of its tape does
// not.
#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "../graph/error.h"
#include "examination.h"

namespace wengert::detail {
namespace {

/// The function called again, with values of its own for inputs and parameters.
struct Rerun {
  Tape tape;
  Var y;
};
struct Point {
  std::vector<Tensor> inputs;  ///< all of them, the integers too
  std::unordered_map<std::uint64_t, Tensor> parameters;
};

Rerun run_at(const Function& function, const Point& point, Mode mode = Mode::training) {
  Rerun result{Tape(mode), Var()};
  result.tape.recording().substitutes = &point.parameters;
  result.y = function.f(leaves_on(result.tape, point.inputs));
  result.tape.recording().substitutes = nullptr;
  return result;
}

/// x + size max(1, |x|) N(0, 1), in x's dtype.
Tensor near(const Tensor& x, double size, Rng& rng) {
  Tensor wide = x.to(f64);
  const Tensor noise = rng.normal(x.shape(), f64);
  const std::span<double> to = wide.mutable_data<double>();
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] += size * std::max(1.0, std::abs(to[i])) * noise.data<double>()[i];
  return wide.to(x.dtype());
}

Point moved(Examination& e, const Function& function, double size) {
  Point point;
  for (const Tensor& input : function.inputs)
    point.inputs.push_back(is_float(input.dtype()) ? near(input, size, e.rng) : input);
  const Recording& all = const_cast<Tape&>(e.original).recording();
  for (const ParameterLeaf& parameter : all.parameters)
    point.parameters[parameter.id] = near(all.nodes[parameter.node].value, size, e.rng);
  return point;
}

/// The tape's own answer at that point, in the dtype it was recorded in.
Tensor replayed_at(const Examination& e, const Point& point) {
  Recording& all = const_cast<Tape&>(e.original).recording();
  std::vector<Binding> bindings;
  std::size_t input = 0;
  for (std::uint32_t node = 0; node < all.size() && input < point.inputs.size(); ++node)
    if (all.nodes[node].leaf == Leaf::variable || all.nodes[node].leaf == Leaf::input)
      bindings.emplace_back(all.at(node, all.nodes[node].value), point.inputs[input++]);
  for (const ParameterLeaf& parameter : all.parameters)
    bindings.emplace_back(all.at(parameter.node, all.nodes[parameter.node].value),
                          point.parameters.at(parameter.id));
  return e.original.replay(e.output, bindings);
}

bool same_ops(const Recording& a, const Recording& b) {
  if (a.size() != b.size()) return false;
  for (std::uint32_t node = 0; node < a.size(); ++node)
    if (a.op_name(node) != b.op_name(node)) return false;
  return true;
}

/// The constant that is another one now, and who uses it.
std::string changed_constant(const Recording& before, const Recording& now) {
  for (std::uint32_t node = 0; node < now.size(); ++node) {
    if (now.nodes[node].leaf != Leaf::constant || !now.nodes[node].value.defined() ||
        !before.nodes[node].value.defined() ||
        same_bits(before.nodes[node].value, now.nodes[node].value))
      continue;
    for (std::uint32_t user = node + 1; user < now.size(); ++user) {
      const std::span<const std::uint32_t> inputs = now.inputs(user);
      for (std::size_t k = 0; k < inputs.size(); ++k)
        if (inputs[k] == node) return fmt::format("input {} of {}", k, now.described(user));
    }
  }
  return {};
}

double largest_difference(const Tensor& a, const Tensor& b) {
  const Tensor x = a.to(f64), y = b.to(f64);
  double size = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    size = std::max(size, std::abs(x.data<double>()[i] - y.data<double>()[i]));
  return size;
}

void find_off_tape(Examination& e, const Function& function, Tally& tally) {
  const Recording& recorded = const_cast<Tape&>(e.original).recording();
  for (const double size : {1e-3, 1e-5}) {
    const Point point = moved(e, function, size);
    std::optional<Rerun> called;
    try {
      called.emplace(run_at(function, point));
    } catch (const Error& error) {  // the step may have left what the function is defined for
      tally.note(fmt::format("not called again nearby: {}", error.what()));
      continue;
    }
    const Rerun& again = *called;
    const Recording& now = const_cast<Tape&>(again.tape).recording();
    const bool same_path = same_ops(recorded, now);
    const Tensor replay = replayed_at(e, point);
    if (again.y.shape() != replay.shape()) continue;
    const double off = largest_difference(again.y.value(), replay);
    const double change = largest_difference(replay, e.output.value());
    // The same ops on the same operands give the same bits; another path has roundings of its own.
    if (same_bits(again.y.value(), replay) || (!same_path && !(off > 1e-3 * change))) {
      tally.add(Verdict::agree, 0);
      return;
    }
    // A path that depends on the values is found nearer by; what is cut loose stays.
    if (!same_path && size > 1e-4) continue;
    const std::string where = same_path ? changed_constant(recorded, now) : std::string();
    tally.add(Verdict::disagree, off / std::max(change, off));
    e.report.hint = Hint::off_tape;
    e.report.hint_text =
        same_path
            ? fmt::format(
                  "the function changes where its tape does not{}: a value taken off the "
                  "tape (.value(), .item()) or a parameter without .on(x)",
                  where.empty() ? "" : fmt::format(" ({})", where))
            : "the function takes another path however near the point: its branches depend on "
              "the values in a way that the tape does not know of";
    e.report.leaf = "a step through all leaves";
    e.report.index.clear();
    e.report.analytic = dot(replay.to(f64), e.lifted.cotangent()) - e.lifted.value();
    e.report.numeric = dot(again.y.value().to(f64), e.lifted.cotangent()) - e.lifted.value();
    e.report.error = off / std::max(change, off);
    return;
  }
}

void compare_off_the_tape(const Function& function, Tally& tally) {
  Point point;
  point.inputs.assign(function.inputs.begin(), function.inputs.end());
  const Rerun on = run_at(function, point, Mode::inference);
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
    Point here;
    here.inputs.assign(function->inputs.begin(), function->inputs.end());
    const Rerun again = run_at(*function, here);
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
      find_off_tape(e, *function, tally);
      if (function->runs_off_tape) compare_off_the_tape(*function, tally);
    }
  }
  conclude(e.report, tally.done());
}

bool changes_off_tape(const Function& function, const Var& y, std::uint64_t seed) {
  Rng rng(seed, 3);
  Point point;
  for (const Tensor& input : function.inputs)
    point.inputs.push_back(is_float(input.dtype()) ? near(input, 1e-3, rng) : input);
  const Rerun again = run_at(function, point);
  return again.y.shape() == y.shape() && !same_bits(again.y.value(), y.value());
}

}  // namespace wengert::detail
