// SPDX-License-Identifier: MIT
#include "witness.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "../graph/recording.h"
#include "lifted.h"

namespace wengert::detail {
namespace {

Recording& recording_of(const Tape& tape) { return const_cast<Tape&>(tape).recording(); }

/// The tape's own answer at that point, in the dtype it was recorded in.
Tensor replayed_at(const Tape& tape, const Var& y, const Point& point) {
  if (!y.on_tape()) return y.value();
  Recording& all = recording_of(tape);
  std::vector<Binding> bindings;
  std::size_t input = 0;
  for (std::uint32_t node = 0; node < all.size() && input < point.inputs.size(); ++node)
    if (all.nodes[node].leaf == Leaf::variable || all.nodes[node].leaf == Leaf::input)
      bindings.emplace_back(all.at(node, all.nodes[node].value), point.inputs[input++]);
  for (const ParameterLeaf& parameter : all.parameters)
    if (const auto found = point.parameters.find(parameter.id); found != point.parameters.end())
      bindings.emplace_back(all.at(parameter.node, all.nodes[parameter.node].value), found->second);
  return tape.replay(y, bindings);
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

}  // namespace

Tensor near(const Tensor& x, double size, Rng& rng) {
  Tensor wide = x.to(f64);
  const Tensor noise = rng.normal(x.shape(), f64);
  const std::span<double> to = wide.mutable_data<double>();
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] += size * std::max(1.0, std::abs(to[i])) * noise.data<double>()[i];
  return wide.to(x.dtype());
}

Point point_of(std::span<const Tensor> inputs) { return {{inputs.begin(), inputs.end()}}; }

Point moved(std::span<const Tensor> inputs, const Tape& tape, double size, Rng& rng) {
  Point point;
  for (const Tensor& input : inputs)
    point.inputs.push_back(is_float(input.dtype()) ? near(input, size, rng) : input);
  const Recording& all = recording_of(tape);
  for (const ParameterLeaf& parameter : all.parameters)
    point.parameters[parameter.id] = near(all.nodes[parameter.node].value, size, rng);
  return point;
}

Rerun run_at(const Function& function, const Point& point, Mode mode) {
  Rerun result{Tape(mode), Var()};
  result.tape.recording().substitutes = &point.parameters;
  result.y = function.f(leaves_on(result.tape, point.inputs));
  result.tape.recording().substitutes = nullptr;
  return result;
}

std::optional<Rerun> run_copy_at(const CheckedModule& module, const Point& point) {
  if (!module.copy_at) return {};
  Rerun result;
  bool shared = false;
  const CheckedModule::Change change = [&](std::uint64_t id, Parameter& own) {
    shared = shared || own.id() == id;
    if (const auto found = point.parameters.find(id); !shared && found != point.parameters.end())
      own.set(found->second);
  };
  result.y = module.copy_at(change, leaves_on(result.tape, point.inputs));
  for (const ParameterLeaf& parameter : result.tape.recording().parameters)
    shared = shared || point.parameters.contains(parameter.id);
  if (shared) return {};
  return result;
}

Testimony compared(const Tape& tape, const Var& y, const Rerun& again, const Point& point) {
  const Recording& recorded = recording_of(tape);
  const Recording& now = recording_of(again.tape);
  Testimony result;
  result.same_path = same_ops(recorded, now);
  result.replay = replayed_at(tape, y, point);
  result.comparable = again.y.shape() == result.replay.shape();
  if (!result.comparable) return result;
  result.off = largest_difference(again.y.value(), result.replay);
  result.change = largest_difference(result.replay, y.value());
  // The same ops on the same operands give the same bits; another path has roundings of its own.
  result.agrees = same_bits(again.y.value(), result.replay) ||
                  (!result.same_path && !(result.off > 1e-3 * result.change));
  if (result.same_path && !result.agrees) result.where = changed_constant(recorded, now);
  return result;
}

bool changes_off_tape(const Function& function, const Var& y, std::uint64_t seed) {
  Rng rng(seed, 3);
  Point point;
  for (const Tensor& input : function.inputs)
    point.inputs.push_back(is_float(input.dtype()) ? near(input, 1e-3, rng) : input);
  const Rerun again = run_at(function, point);
  return again.y.shape() == y.shape() && !same_bits(again.y.value(), y.value());
}

std::string used_off_tape(const Function& function, const Tape& tape, const Var& y,
                          std::uint64_t seed) {
  Rng rng(seed, 3);
  for (const CheckedModule::Listed& listed : function.module.parameters) {
    if (recording_of(tape).parameter_node(listed.own->id()) != Recording::none) continue;
    if (!listed.own->value().defined()) continue;
    Point point = point_of(function.inputs);
    point.parameters[listed.own->id()] = near(listed.own->value(), 1e-2, rng);
    const std::optional<Rerun> again = run_copy_at(function.module, point);
    if (again && !same_bits(again->y.value(), y.value())) return listed.path;
  }
  return {};
}

}  // namespace wengert::detail
