// SPDX-License-Identifier: MIT
#include "backward.h"

#include <algorithm>

#include <fmt/format.h>

#include "error.h"

namespace wengert::detail {

Gradients Sweep::run() {
  for (std::uint32_t node = last_ + 1; node-- > first_;) {
    if (!cotangent_value(node).defined()) continue;
    while (!restored_.empty() && node < restored_.back().begin) restored_.pop_back();
    note_gradient(node);
    if (any_input_needed(node)) {
      const Op& op = *tape_.nodes[node].op;
      if (!op.takes_narrow_cotangent()) stretch(node);
      Pullback back(*this, node);
      op.pullback(back);
    }
    cotangent_value(node) = Tensor();
    // Nobody reads it any more: with nested checkpoints this is what bounds their states.
    for (Restored& segment : restored_)
      if (node >= segment.begin && node - segment.begin < segment.values.size())
        segment.values[node - segment.begin] = Tensor();
  }
  std::reverse(result_.entries_.begin(), result_.entries_.end());
  return std::move(result_);
}

Sweep::Sweep(Recording& tape, std::span<const Var> ys, std::span<const Var> cotangents,
             const Wrt* wrt)
    : tape_(tape), all_leaves_(!wrt) {
  result_.recording_ = &tape;
  result_.generation_ = tape.generation();
  for (const Var& y : ys) last_ = std::max(last_, Recording::index_of(y));
  for (const Var& cotangent : cotangents) recording_ |= Recording::of(cotangent) != nullptr;
  if (wrt) ask_for(*wrt);
  for (const ParameterLeaf& leaf : tape.parameters)
    result_.known_.push_back(
        {leaf.id, all_leaves_ || std::binary_search(asked_.begin(), asked_.end(), leaf.node)});
  cotangents_.resize(last_ + 1 - first_);
  if (recording_) cotangent_nodes_.resize(last_ + 1 - first_, Recording::none);
  seed(ys, cotangents);
}

void Sweep::ask_for(const Wrt& wrt) {
  for (const Var& x : wrt.vars()) asked_.push_back(Recording::index_of(x));
  for (const Parameter* parameter : wrt.parameters())
    if (const std::uint32_t node = tape_.parameter_node(parameter->id());
        node != Recording::none && tape_.nodes[node].tracked)
      asked_.push_back(node);
  std::sort(asked_.begin(), asked_.end());
  first_ = asked_.empty() ? last_ : std::min(asked_.front(), last_);
  mark_needed();
}

// A node needs a cotangent if it was asked for or one of its inputs needs one.
void Sweep::mark_needed() {
  needed_.assign(last_ + 1 - first_, 0);
  for (const std::uint32_t node : asked_)
    if (node <= last_) needed_[node - first_] = 1;
  for (std::uint32_t node = first_; node <= last_; ++node) {
    if (!tape_.nodes[node].tracked) continue;
    for (const std::uint32_t input : tape_.inputs(node))
      if (input >= first_ && needed_[input - first_]) needed_[node - first_] = 1;
  }
}

void Sweep::seed(std::span<const Var> ys, std::span<const Var> cotangents) {
  for (std::size_t i = 0; i < ys.size(); ++i) {
    Var cotangent = cotangents[i];
    // Every cotangent of a recorded pass has to be on the tape.
    if (recording_ && !Recording::of(cotangent))
      cotangent = tape_.leaf(cotangent.value(), Leaf::constant);
    const std::uint32_t node = Recording::index_of(ys[i]);
    if (node >= first_) gather(node, std::move(cotangent));
  }
}

bool Sweep::any_input_needed(std::uint32_t node) const {
  for (const std::uint32_t input : tape_.inputs(node))
    if (needed(input)) return tape_.nodes[node].tracked;
  return false;
}

void Sweep::stretch(std::uint32_t node) {
  const Shape shape = tape_.shape(node);
  if (cotangent_value(node).shape() == shape) return;
  const Var stretched = broadcast_to(cotangent(node), shape);
  if (recording_) cotangent_nodes_[node - first_] = Recording::index_of(stretched);
  cotangent_value(node) = stretched.value();
}

void Sweep::note_gradient(std::uint32_t node) {
  const bool leaf =
      tape_.nodes[node].leaf == Leaf::variable || tape_.nodes[node].leaf == Leaf::parameter;
  const bool wanted = all_leaves_ ? leaf : std::binary_search(asked_.begin(), asked_.end(), node);
  if (!wanted) return;
  Var gradient = cotangent(node);
  if (gradient.shape() != tape_.shape(node)) gradient = broadcast_to(gradient, tape_.shape(node));
  std::uint64_t identity = 0;
  if (tape_.nodes[node].leaf == Leaf::parameter)
    for (const ParameterLeaf& parameter : tape_.parameters)
      if (parameter.node == node) identity = parameter.id;
  result_.entries_.push_back({node, identity, std::move(gradient)});
}

void Sweep::gather(std::uint32_t node, Var cotangent) {
  Tensor& there = cotangent_value(node);
  if (recording_) {
    if (there.defined()) cotangent = add(this->cotangent(node), cotangent);
    if (!Recording::of(cotangent)) cotangent = tape_.leaf(cotangent.value(), Leaf::constant);
    cotangent_nodes_[node - first_] = Recording::index_of(cotangent);
    cotangents_[node - first_] = cotangent.value();
    return;
  }
  Tensor term = std::move(cotangent).value();
  if (!there.defined()) {
    there = std::move(term);
  } else if (there.unique() && broadcasts_to(term.shape(), there.shape())) {
    accumulate(there, term);
  } else if (term.unique() && broadcasts_to(there.shape(), term.shape())) {
    accumulate(term, there);
    there = std::move(term);
  } else {
    there = add(there, term).value();
  }
}

const Tensor* Sweep::known_value(std::uint32_t node) const {
  if (const Tensor& kept = tape_.nodes[node].value; kept.defined()) return &kept;
  for (auto segment = restored_.rbegin(); segment != restored_.rend(); ++segment)
    if (node >= segment->begin && node - segment->begin < segment->values.size())
      if (const Tensor& kept = segment->values[node - segment->begin]; kept.defined()) return &kept;
  return nullptr;
}

const Tensor& Sweep::value(std::uint32_t node) {
  if (const Tensor* known = known_value(node)) return *known;
  restore_segment_around(node);
  if (const Tensor* known = known_value(node)) return *known;
  throw TapeError(
      fmt::format("backward: a pullback reads the value of {}, which the tape did not keep; does "
                  "reads() of the "
                  "op that uses it name it?",
                  tape_.described(node)));
}

Var Sweep::on_tape_if_recording(std::uint32_t node) {
  if (!recording_) return value(node);
  return tape_.at(node, value(node));
}

Var Sweep::cotangent(std::uint32_t node) const {
  const Tensor& value = cotangents_[node - first_];
  if (!recording_) return value;
  return tape_.at(cotangent_nodes_[node - first_], value);
}

// Segments are sorted by their ends, an inner one before its outer one. A checkpoint whose function
// is still running counts as one: derivatives may be taken inside it.
void Sweep::find_segments() {
  segments_ = tape_.segments;
  if (tape_.open_segment != Recording::none)
    segments_.push_back({tape_.open_segment, tape_.size()});
  outer_.assign(segments_.size(), no_segment);
  std::vector<std::size_t> waiting;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    while (!waiting.empty() && segments_[waiting.back()].begin >= segments_[i].begin) {
      outer_[waiting.back()] = i;
      waiting.pop_back();
    }
    waiting.push_back(i);
  }
}

// From the outermost segment that holds the node inwards, until its value is there.
void Sweep::restore_segment_around(std::uint32_t node) {
  if (segments_.empty()) find_segments();
  const auto first = std::upper_bound(
      segments_.begin(), segments_.end(), node,
      [](std::uint32_t wanted, const Segment& segment) { return wanted < segment.end; });
  std::vector<std::size_t> around;
  for (std::size_t i = static_cast<std::size_t>(first - segments_.begin()); i < segments_.size();
       i = outer_[i])
    if (segments_[i].begin <= node) around.push_back(i);
  while (!around.empty() && !known_value(node)) {
    const std::size_t i = around.back();
    around.pop_back();
    const bool done = std::any_of(restored_.begin(), restored_.end(),
                                  [i](const Restored& restored) { return restored.segment == i; });
    if (!done) restore(i);
  }
}

// Runs the nodes of a segment again and holds what the pullbacks of its own nodes read. Values that
// only an inner segment reads are left to that one, except where they enter it. What nothing of
// this needs is not run, such as the inside of the last inner segment; nor what is known anyhow.
void Sweep::restore(std::size_t index) {
  const Segment segment = segments_[index];
  const auto length = static_cast<std::size_t>(segment.end - segment.begin);
  std::vector<std::uint32_t> inner_begin(length, Recording::none);
  for (std::size_t i = index; i-- > 0 && segments_[i].end > segment.begin;) {
    const Segment& inner = segments_[i];
    for (std::uint32_t node = inner.begin; node < inner.end; ++node)
      inner_begin[node - segment.begin] = std::min(inner_begin[node - segment.begin], inner.begin);
  }
  std::vector<bool> kept(length, false);
  for (std::uint32_t node = segment.begin; node < segment.end; ++node) {
    const Node& what = tape_.nodes[node];
    const std::span<const std::uint32_t> inputs = tape_.inputs(node);
    Operand needs = Operand::none();
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (tape_.nodes[inputs[k]].tracked) needs = needs | Operand::input(k);
    const Operand reads = what.op && what.tracked ? what.op->reads(needs) : Operand::none();
    const std::uint32_t inside = inner_begin[node - segment.begin];
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (inputs[k] >= segment.begin &&
          (inside == Recording::none ? reads.has_input(k) : inputs[k] < inside))
        kept[inputs[k] - segment.begin] = true;
    if (reads.has_output() && inside == Recording::none) kept[node - segment.begin] = true;
  }

  std::vector<bool> wanted = kept;
  std::vector<std::uint32_t> last_use(length, 0);
  for (std::uint32_t node = segment.end; node-- > segment.begin;) {
    if (known_value(node)) wanted[node - segment.begin] = false;
    if (!wanted[node - segment.begin]) continue;
    for (const std::uint32_t input : tape_.inputs(node)) {
      if (input < segment.begin) continue;
      wanted[input - segment.begin] = true;
      last_use[input - segment.begin] = std::max(last_use[input - segment.begin], node);
    }
  }

  std::vector<Tensor> values(length);
  for (std::uint32_t node = segment.begin; node < segment.end; ++node) {
    if (!wanted[node - segment.begin]) continue;
    const std::span<const std::uint32_t> inputs = tape_.inputs(node);
    std::vector<const Tensor*> operands(inputs.size());
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const bool here = inputs[k] >= segment.begin && values[inputs[k] - segment.begin].defined();
      operands[k] = here ? &values[inputs[k] - segment.begin] : &value(inputs[k]);
    }
    values[node - segment.begin] = tape_.nodes[node].op->run(Operands(operands));
    for (const std::uint32_t input : inputs)
      if (input >= segment.begin && last_use[input - segment.begin] == node &&
          !kept[input - segment.begin])
        values[input - segment.begin] = Tensor();
  }
  restored_.push_back({index, segment.begin, std::move(values)});
}

}  // namespace wengert::detail

namespace wengert {

using detail::Recording;

bool Pullback::needs(std::size_t k) const { return sweep_.needed(sweep_.tape_.inputs(node_)[k]); }
std::size_t Pullback::input_count() const { return sweep_.tape_.inputs(node_).size(); }
bool Pullback::recording() const { return sweep_.recording_; }
Var Pullback::input(std::size_t k) const {
  return sweep_.on_tape_if_recording(sweep_.tape_.inputs(node_)[k]);
}
Var Pullback::output() const { return sweep_.on_tape_if_recording(node_); }
Var Pullback::cotangent() const { return sweep_.cotangent(node_); }
Shape Pullback::input_shape(std::size_t k) const {
  return sweep_.tape_.shape(sweep_.tape_.inputs(node_)[k]);
}
Shape Pullback::output_shape() const { return sweep_.tape_.shape(node_); }
bool Pullback::same_shape(std::size_t k) const {
  return sweep_.tape_.shape(sweep_.tape_.inputs(node_)[k]) == sweep_.tape_.shape(node_);
}
DType Pullback::input_dtype(std::size_t k) const {
  return sweep_.tape_.nodes[sweep_.tape_.inputs(node_)[k]].dtype;
}
const Tensor& Pullback::input_value(std::size_t k) const {
  return sweep_.value(sweep_.tape_.inputs(node_)[k]);
}
const Tensor& Pullback::output_value() const { return sweep_.value(node_); }
const Tensor& Pullback::cotangent_value() const { return sweep_.cotangent_value(node_); }
void Pullback::stretch_cotangent() { sweep_.stretch(node_); }
Tensor Pullback::take_cotangent() { return std::move(sweep_.cotangent_value(node_)); }

Tensor* Pullback::gathered(std::size_t k) {
  if (sweep_.recording_) return nullptr;
  Tensor& there = sweep_.cotangent_value(sweep_.tape_.inputs(node_)[k]);
  return there.defined() && there.unique() && there.shape() == input_shape(k) ? &there : nullptr;
}

void Pullback::to(std::size_t k, Var cotangent) {
  if (!needs(k)) return;
  const std::uint32_t node = sweep_.tape_.inputs(node_)[k];
  if (cotangent.dtype() != sweep_.tape_.nodes[node].dtype)
    throw DTypeError(fmt::format("{}: its pullback returned {} for input {} of {}",
                                 sweep_.tape_.op_name(node_), to_string(cotangent.dtype()), k,
                                 to_string(input_dtype(k))));
  if (cotangent.shape() != sweep_.tape_.shape(node)) {
    const Shape shape = sweep_.tape_.shape(node);  // a copy: recording may move the tape's shapes
    if (!broadcasts_to(cotangent.shape(), shape)) {
      if (!broadcasts_to(shape, cotangent.shape()))
        throw ShapeError(fmt::format("{}: its pullback returned shape {} for input {} of shape {}",
                                     sweep_.tape_.op_name(node_), to_string(cotangent.shape()), k,
                                     to_string(shape)));
      cotangent = sum_to(cotangent, shape);
    }
  }
  sweep_.gather(node, std::move(cotangent));
}

}  // namespace wengert
