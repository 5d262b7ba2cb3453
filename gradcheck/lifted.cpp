// SPDX-License-Identifier: MIT
#include "lifted.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace wengert::detail {

std::vector<Var> leaves_on(Tape& tape, std::span<const Tensor> inputs) {
  std::vector<Var> leaves;
  for (const Tensor& input : inputs)
    leaves.push_back(is_float(input.dtype()) ? tape.variable(input) : tape.input(input));
  return leaves;
}

std::vector<bool> wanted_inputs(const Recording& all, std::uint32_t node, Operands in) {
  std::vector<bool> wanted;
  const std::span<const std::uint32_t> from = all.inputs(node);
  for (std::size_t k = 0; k < in.size(); ++k)
    wanted.push_back(all.nodes[from[k]].tracked && is_float(in[k].dtype()));
  return wanted;
}

std::vector<std::size_t> index_of(std::size_t element, const Shape& shape) {
  std::vector<std::size_t> index(shape.rank());
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    index[axis] = element % shape[axis];
    element /= shape[axis];
  }
  return index;
}

namespace {

std::size_t count_differences(const Tensor& a, const Tensor& b) {
  return dispatch(a.dtype(), [&]<class T>(T) {
    const std::span<const T> x = a.data<T>(), y = b.data<T>();
    const std::size_t both = std::min(x.size(), y.size());
    std::size_t count = std::max(x.size(), y.size()) - both;
    for (std::size_t i = 0; i < both; ++i) count += x[i] == y[i] ? 0 : 1;
    return count;
  });
}

}  // namespace

void Branches::add(std::uint32_t node, Tensor sides) {
  if (sides.defined()) nodes.push_back({node, std::move(sides)});
}
std::size_t Branches::size() const {
  std::size_t count = 0;
  for (const Of& of : nodes) count += of.sides.size();
  return count;
}
std::size_t Branches::differences(const Branches& other) const {
  std::size_t count = 0;
  auto theirs = other.nodes.begin();
  for (const Of& own : nodes) {
    for (; theirs != other.nodes.end() && theirs->node < own.node; ++theirs)
      count += theirs->sides.size();
    const bool paired = theirs != other.nodes.end() && theirs->node == own.node;
    count += paired ? count_differences(own.sides, theirs->sides) : own.sides.size();
    if (paired) ++theirs;
  }
  for (; theirs != other.nodes.end(); ++theirs) count += theirs->sides.size();
  return count;
}

Lifted::Lifted(const Tape& tape, const Var& y, std::uint64_t seed)
    : tape_(tape.replayed({}, f64)), y_(tape_.counterpart(y)) {
  Rng rng(seed, 7);
  cotangent_ = y_.size() == 1 ? ones(y_.shape(), f64) : rng.normal(y_.shape(), f64);
  find_leaves();
  find_last_uses();
}

Lifted::Lifted(Tape tape, const Var& y, Tensor cotangent)
    : tape_(std::move(tape)), y_(tape_.counterpart(y)), cotangent_(std::move(cotangent)) {
  find_leaves();
  find_last_uses();
}

Lifted Lifted::recorded_at(std::span<const Tensor> leaves) const {
  std::vector<Binding> bindings;
  for (std::size_t k = 0; k < leaves.size(); ++k)
    bindings.emplace_back(recording().at(leaves_[k].node, leaves_[k].value), leaves[k]);
  return Lifted(tape_.replayed(bindings, f64), y_, cotangent_);
}

void Lifted::find_leaves() {
  const Gradients gradients = tape_.backward(y_, cotangent_);
  Recording& all = recording();
  std::size_t inputs = 0;
  for (std::uint32_t node = 0; node < all.size(); ++node) {
    const Node& leaf = all.nodes[node];
    if (leaf.leaf == Leaf::input) ++inputs;
    const bool differentiable = leaf.leaf == Leaf::variable || leaf.leaf == Leaf::parameter;
    if (!leaf.tracked || !differentiable) continue;
    const Tensor value = leaf.value;
    const Var* found = gradients.find(all.at(node, value));
    CheckedLeaf checked{.node = node,
                        .name = leaf.leaf == Leaf::parameter ? all.described(node)
                                                             : fmt::format("input {}", inputs),
                        .value = value,
                        .gradient = found ? found->value() : zeros(value.shape(), f64)};
    for (const ParameterLeaf& parameter : all.parameters)
      if (parameter.node == node) checked.parameter = parameter.id;
    leaves_.push_back(std::move(checked));
    inputs += leaf.leaf == Leaf::variable ? 1 : 0;
  }
}

void Lifted::name(std::uint64_t parameter, const std::string& path) {
  for (CheckedLeaf& leaf : leaves_)
    if (leaf.parameter == parameter && parameter != 0 && !path.empty())
      leaf.name = fmt::format("parameter '{}'", path);
}

void Lifted::find_last_uses() {
  const Recording& all = recording();
  const std::uint32_t last = Recording::index_of(y_);
  last_use_.assign(last + 1, 0);
  last_use_[last] = Recording::none;
  for (std::uint32_t node = last + 1; node-- > 0;)
    if (last_use_[node] != 0)
      for (const std::uint32_t input : all.inputs(node))
        last_use_[input] = std::max(last_use_[input], node);
}

std::vector<Tensor> Lifted::point() const {
  std::vector<Tensor> values;
  for (const CheckedLeaf& leaf : leaves_) values.push_back(leaf.value);
  return values;
}

double Lifted::value_at(std::span<const Tensor> leaves, Branches* branches,
                        const Seen& seen) const {
  return dot(run(leaves, branches, seen, {}), cotangent_);
}

Tensor Lifted::jittered_output(double size, Rng& rng) const {
  std::vector<Tensor> leaves;
  for (const CheckedLeaf& leaf : leaves_) leaves.push_back(jittered(leaf.value, size, rng));
  return run(leaves, nullptr, {}, [&](const Tensor& value) { return jittered(value, size, rng); });
}

Tensor Lifted::run(std::span<const Tensor> leaves, Branches* branches, const Seen& seen,
                   const Changed& changed) const {
  const Recording& all = recording();
  std::vector<Tensor> values(last_use_.size());
  for (std::size_t k = 0; k < leaves.size(); ++k)
    if (leaves_[k].node < values.size()) values[leaves_[k].node] = leaves[k];
  std::vector<const Tensor*> operands;
  if (branches) branches->nodes.clear();
  for (std::uint32_t node = 0; node < values.size(); ++node) {
    if (last_use_[node] == 0) continue;
    const Op* op = all.nodes[node].op;
    if (!op) {
      if (!values[node].defined()) values[node] = all.nodes[node].value;
      continue;
    }
    operands.clear();
    for (const std::uint32_t input : all.inputs(node)) operands.push_back(&values[input]);
    const Operands in(operands);
    values[node] = op->run(in);
    if (changed) values[node] = changed(std::move(values[node]));
    if (branches) branches->add(node, op->branches(in, values[node]));
    if (seen) seen(node, *op, in, values[node]);
    for (const std::uint32_t input : all.inputs(node))
      if (last_use_[input] == node) values[input] = Tensor();
  }
  return values.back();
}

std::vector<Tensor> Lifted::backward(const Tensor& cotangent) const {
  const Gradients gradients = tape_.backward(y_, cotangent);
  std::vector<Tensor> result;
  for (const CheckedLeaf& leaf : leaves_) {
    const Var* found = gradients.find(recording().at(leaf.node, leaf.value));
    result.push_back(found ? found->value() : zeros(leaf.value.shape(), f64));
  }
  return result;
}

}  // namespace wengert::detail
