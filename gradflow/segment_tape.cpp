// SPDX-License-Identifier: MIT
#include "segment_tape.h"

#include <algorithm>

#include "../graph/error.h"

namespace wengert::gradflow {

using wengert::detail::Leaf;
using wengert::detail::Recording;

SegmentTape::SegmentTape(const Timeline& timeline, std::size_t segment,
                         const std::vector<bool>& marked, std::size_t copies, bool direct)
    : timeline_(timeline),
      marked_(marked),
      begin_(timeline.begin_of(segment)),
      end_(timeline.end_of(segment)),
      copies_(copies),
      direct_(direct) {
  const Recording& all = timeline.recording();
  Recording& here = tape_.recording();
  std::vector<const Var*> operands;
  for (std::uint32_t node = begin_; node < end_; ++node) {
    if (!marked[node] || !timeline.op(node)) continue;
    const Op* op = timeline.op(node);
    operands.clear();
    std::vector<Var> held;
    const auto inputs = all.inputs(node);
    held.reserve(inputs.size());
    for (std::size_t k = 0; k < inputs.size(); ++k) held.push_back(operand(node, k));
    for (const Var& var : held) operands.push_back(&var);
    Tensor output = timeline.value(node);
    if (copies_ > 1) {
      std::vector<const Tensor*> values;
      for (const Var& var : held) values.push_back(&var.value());
      const Op::Output expected = op->infer(Operands(values));
      output = repeated(output);
      if (output.shape() != expected.shape)
        throw ShapeError("gradflow: the op does not take its samples one by one");
    }
    vars_.insert_or_assign(node, here.record(op, operands, std::move(output)));
  }
}

const Var& SegmentTape::operand(std::uint32_t user, std::size_t position) {
  const std::uint32_t node = timeline_.recording().inputs(user)[position];
  if (marked_[node] && !(direct_ && timeline_.enters_product(user, position))) {
    if (const auto known = vars_.find(node); known != vars_.end()) return known->second;
    // From an earlier segment, or a leaf: here the sweep through this segment ends.
    Tensor value = timeline_.value(node);
    if (copies_ > 1) value = repeated(value);
    Var var = tape_.recording().leaf(std::move(value), Leaf::variable);
    targets_.add(var);
    entries_.push_back({node, var});
    return vars_.emplace(node, std::move(var)).first->second;
  }
  const bool repeat = repeats(node, user, position);
  const std::uint32_t key = node * 2 + (repeat ? 1 : 0);
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
