// SPDX-License-Identifier: MIT
#include "segment_tape.h"

#include <algorithm>

#include "../graph/error.h"

namespace wengert::gradflow {

using wengert::detail::Leaf;
using wengert::detail::Recording;

SweepRange::SweepRange(const Timeline& timeline, std::span<const std::uint32_t> wanted,
                       bool only_direct)
    : targets(timeline.recording().size(), false),
      marked(timeline.leading_from(wanted, only_direct)),
      ends(timeline.recording().size(), false),
      direct(only_direct) {
  for (const std::uint32_t node : wanted) {
    targets[node] = true;
    bool end = true;
    const Op* op = timeline.op(node);
    const std::span<const std::uint32_t> inputs = timeline.recording().inputs(node);
    for (std::size_t k = 0; op && op->differentiable() && k < inputs.size(); ++k)
      if (marked[inputs[k]] && !(direct && timeline.enters_product(node, k))) end = false;
    ends[node] = end;
  }
}

SegmentTape::SegmentTape(const Timeline& timeline, std::size_t segment, const SweepRange& range,
                         std::span<const std::uint32_t> outputs, bool observe, std::size_t copies)
    : timeline_(timeline), range_(range), begin_(timeline.begin_of(segment)), copies_(copies) {
  const std::uint32_t end = timeline.end_of(segment);
  std::vector<bool> leads(end - begin_, false);
  for (const std::uint32_t node : outputs) leads[node - begin_] = true;
  for (std::uint32_t node = end; node-- > begin_;)
    if (leads[node - begin_] && range.marked[node] && !range.ends[node])
      for (const std::uint32_t input : timeline.recording().inputs(node))
        if (input >= begin_) leads[input - begin_] = true;
  for (std::uint32_t node = begin_; node < end; ++node) {
    if (!leads[node - begin_] || !range.marked[node] || range.ends[node]) continue;
    record(node);
    if (!observe || !range.targets[node]) continue;
    targets_.add(vars_.at(node));
    entries_.push_back({node, vars_.at(node), true});
  }
}

void SegmentTape::record(std::uint32_t node) {
  const Op* op = timeline_.op(node);
  const std::size_t count = timeline_.recording().inputs(node).size();
  std::vector<Var> held;
  held.reserve(count);
  for (std::size_t k = 0; k < count; ++k) held.push_back(operand(node, k));
  std::vector<const Var*> operands;
  for (const Var& var : held) operands.push_back(&var);
  Tensor output = timeline_.value(node);
  if (copies_ > 1) {
    std::vector<const Tensor*> values;
    for (const Var& var : held) values.push_back(&var.value());
    const Op::Output expected = op->infer(Operands(values));
    output = repeated(output);
    if (output.shape() != expected.shape)
      throw ShapeError("gradflow: the op does not take its samples one by one");
  }
  vars_.insert_or_assign(node, tape_.recording().record(op, operands, std::move(output)));
}

std::size_t SegmentTape::entry_of(std::uint32_t node) const {
  const auto found = std::ranges::find(entries_, node, &Entry::node);
  return static_cast<std::size_t>(found - entries_.begin());
}

const Var& SegmentTape::operand(std::uint32_t user, std::size_t position) {
  const std::uint32_t node = timeline_.recording().inputs(user)[position];
  if (range_.marked[node] && !(range_.direct && timeline_.enters_product(user, position))) {
    if (const auto known = vars_.find(node); known != vars_.end()) return known->second;
    // From an earlier segment, or an end: here the sweep through this segment stops.
    Tensor value = timeline_.value(node);
    if (copies_ > 1) value = repeated(value);
    Var var = tape_.recording().leaf(std::move(value), Leaf::variable);
    targets_.add(var);
    entries_.push_back({node, var, node >= begin_});
    return vars_.emplace(node, std::move(var)).first->second;
  }
  const bool repeat = repeats(node, user, position);
  const std::uint64_t key = std::uint64_t{node} * 2 + (repeat ? 1 : 0);
  if (const auto known = constants_.find(key); known != constants_.end()) return known->second;
  Tensor value = timeline_.value(node);
  if (repeat) value = repeated(value);
  return constants_.emplace(key, tape_.recording().leaf(std::move(value), Leaf::input))
      .first->second;
}

bool SegmentTape::repeats(std::uint32_t node, std::uint32_t user, std::size_t position) const {
  if (copies_ == 1) return false;
  const wengert::detail::Node& recorded = timeline_.recording().nodes[node];
  if (recorded.leaf == Leaf::parameter) return false;
  const std::string_view name = timeline_.op(user)->name();
  if ((name == "linear" || name == "matmul") && position > 0) return false;
  const Shape& shape = timeline_.value(node).shape();
  return shape.rank() >= 2 && shape[0] == timeline_.batch();
}

Tensor SegmentTape::repeated(const Tensor& value) const {
  const Shape& shape = value.shape();
  if (shape.rank() < 2 || shape[0] != timeline_.batch() || value.dtype() != f64)
    throw ShapeError("gradflow: a value without the batch axis");
  Shape larger = shape;
  larger[0] = shape[0] * copies_;
  Tensor result = Tensor::empty(larger, f64);
  const std::span<double> to = result.mutable_data<double>();
  const std::span<const double> from = value.data<double>();
  for (std::size_t copy = 0; copy < copies_; ++copy)
    std::ranges::copy(from, to.begin() + static_cast<std::ptrdiff_t>(copy * from.size()));
  return result;
}

std::vector<Tensor> SegmentTape::pull(const std::vector<Var>& outputs,
                                      const std::vector<Var>& cotangents) const {
  std::vector<Tensor> result(entries_.size());
  if (entries_.empty()) return result;
  const Gradients gradients = tape_.backward(outputs, cotangents, targets_);
  for (std::size_t k = 0; k < entries_.size(); ++k)
    if (const Var* found = gradients.find(entries_[k].var)) result[k] = found->value();
  return result;
}

}  // namespace wengert::gradflow
