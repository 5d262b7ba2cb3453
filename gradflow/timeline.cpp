// SPDX-License-Identifier: MIT
#include "timeline.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/format.h"
#include "../nn/recurrent/sequence_mask.h"

namespace wengert::gradflow {

using wengert::detail::Recording;

namespace {

template <class Predicate>
bool any_element(const Tensor& value, Predicate predicate) {
  return value.dtype() == f64 && std::ranges::any_of(value.data<double>(), predicate);
}

/// " in element [1, 2]": the first one that is so; nothing for a scalar.
template <class Predicate>
std::string element(const Tensor& value, Predicate predicate) {
  if (value.rank() == 0 || value.dtype() != f64) return {};
  const std::span<const double> values = value.data<double>();
  auto rest = static_cast<std::size_t>(std::ranges::find_if(values, predicate) - values.begin());
  std::vector<std::size_t> index(value.rank());
  for (std::size_t axis = value.rank(); axis-- > 0;) {
    index[axis] = rest % value.shape()[axis];
    rest /= value.shape()[axis];
  }
  return fmt::format(" in element [{}]", fmt::join(index, ", "));
}

}  // namespace

void require_elements(const Shape& hidden) {
  if (hidden.size() > 0) return;
  throw ValueError(
      fmt::format("gradflow: the hidden states are {}, which has no elements; give a batch of one "
                  "sample or more",
                  hidden));
}

Timeline::Timeline(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses,
                   const Tensor& mask)
    : recording_(&tape.recording()) {
  if (hs.empty()) throw ValueError("gradflow: the list of hidden states is empty");
  for (std::size_t t = 0; t < hs.size(); ++t) hidden_.push_back(node_of("h", t, hs[t]));
  for (std::size_t s = 0; s < losses.size(); ++s) {
    losses_.push_back(node_of("loss", s, losses[s]));
    if (losses[s].size() != 1)
      throw ShapeError(
          fmt::format("gradflow: loss[{}] is {}; a loss is one number", s, losses[s].shape()));
  }
  require_order();
  // A NaN is named first: with it nothing that is wrong with the lists would be found by its user.
  lift();
  require_finite();
  require_path();
  columns_ = states_are_columns();
  set_mask(mask);
}

std::uint32_t Timeline::node_of(const char* what, std::size_t index, const Var& var) const {
  if (!var.value().defined())
    throw ValueError(fmt::format("gradflow: {}[{}] has no value", what, index));
  if (Recording::of(var) != recording_)
    throw TapeError(fmt::format(
        "gradflow: {}[{}] is not on this tape{}", what, index,
        var.on_tape()
            ? ""
            : "; it is a plain value, taken off its tape by .value() or never put on one"));
  return Recording::index_of(var);
}

void Timeline::require_order() const {
  const Shape& shape = recording_->shape(hidden_[0]);
  require_elements(shape);
  for (std::size_t t = 0; t < hidden_.size(); ++t) {
    if (recording_->shape(hidden_[t]) != shape)
      throw ValueError(
          fmt::format("gradflow: h[{}] is {}, h[0] {}; list one state, one shape, all steps", t,
                      recording_->shape(hidden_[t]), shape));
    if (t > 0 && hidden_[t] == hidden_[t - 1])
      throw ValueError(
          fmt::format("gradflow: h[{}] and h[{}] are one value; list each step once", t - 1, t));
    if (t > 0 && hidden_[t] < hidden_[t - 1])
      throw ValueError(fmt::format(
          "gradflow: h[{}] was recorded before h[{}]; list them in the order of time", t, t - 1));
  }
}

void Timeline::require_path() const {
  require_chain();
  if (losses_.empty()) return;
  const std::uint32_t last = *std::ranges::max_element(losses_);
  std::vector<bool> leads(std::max(last, hidden_.back()) + 1, false);
  for (const std::uint32_t loss : losses_) leads[loss] = true;
  for (std::uint32_t node = last + 1; node-- > 0;) {
    if (!leads[node]) continue;
    if (recording_->nodes[node].op && !recording_->nodes[node].op->differentiable()) continue;
    for (const std::uint32_t input : recording_->inputs(node)) leads[input] = true;
  }
  const auto to_a_loss = [&](std::uint32_t state) { return bool(leads[state]); };
  const auto lost = std::ranges::find_if_not(hidden_, to_a_loss);
  if (lost == hidden_.end()) return;
  const auto t = lost - hidden_.begin();
  // A filter's last state is to be compared with what nobody has seen yet.
  const bool trailing = t > 0 && std::none_of(lost, hidden_.end(), to_a_loss);
  throw TapeError(fmt::format(
      "gradflow: no path leads from h[{}] ({}) to any of the {} losses{}", t,
      recording_->described(*lost), losses_.size(),
      trailing ? fmt::format(", nor from a later state; if the losses look no further, as a "
                             "filter's likelihood does, list the first {} states only",
                             t)
               : ""));
}

void Timeline::require_chain() const {
  if (hidden_.size() < 2) return;
  // Which nodes have a user that is a state or leads to one.
  std::vector<bool> is_state(recording_->size(), false), leads(recording_->size(), false);
  for (const std::uint32_t state : hidden_) is_state[state] = true;
  for (std::uint32_t node = recording_->size(); node-- > 0;) {
    const Op* op = recording_->nodes[node].op;
    if (!(is_state[node] || leads[node]) || !op || !op->differentiable()) continue;
    for (const std::uint32_t input : recording_->inputs(node)) leads[input] = true;
  }
  // Cut in places it may be, as truncation does on purpose; the verdict says so.
  const auto without_last = std::span(hidden_).first(hidden_.size() - 1);
  if (std::ranges::any_of(without_last, [&](std::uint32_t state) { return leads[state]; })) return;
  throw ValueError(
      "gradflow: h[0] does not lead to h[1], nor any state to a later one. If the states are "
      "slices of a whole sequence that one op computed, unroll step by step (.fused = false)");
}

void Timeline::lift() {
  const Recording& from = *recording_;
  values_.resize(from.size());
  ops_.resize(from.size());
  std::vector<const Tensor*> operands;
  for (std::uint32_t node = 0; node < from.size(); ++node) {
    const wengert::detail::Node& recorded = from.nodes[node];
    if (!recorded.op) {
      values_[node] = is_float(recorded.value.dtype()) ? recorded.value.to(f64) : recorded.value;
    } else {
      ops_[node] = recorded.op->lifted(f64);
      // Lives as long as the recording, which the timeline does not outlive.
      if (!ops_[node]) ops_[node] = std::shared_ptr<const Op>(recorded.op, [](const Op*) {});
      operands.clear();
      for (const std::uint32_t input : from.inputs(node)) operands.push_back(&values_[input]);
      values_[node] = ops_[node]->run(Operands(operands));
    }
  }
}

// A value that no gradient passes on its way from a loss to a state may be what it likes: the
// padding of a sequence is, before it is replaced. A masked score is -inf and no fault either.
void Timeline::require_finite() const {
  std::vector<std::uint32_t> ends = hidden_;
  ends.insert(ends.end(), losses_.begin(), losses_.end());
  std::vector<bool> matters(recording_->size(), false);
  for (const std::uint32_t node : ends) matters[node] = true;
  const std::vector<bool> passed = leading_from(hidden_);
  const std::vector<bool> used = leading_to(ends);
  const auto is_nan = [](double x) { return std::isnan(x); };
  const auto is_infinite = [](double x) { return std::isinf(x); };
  for (std::uint32_t node = 0; node < recording_->size(); ++node) {
    if ((matters[node] || (passed[node] && used[node])) && any_element(values_[node], is_nan))
      blame(node, "NaN", is_nan);
    if (matters[node] && any_element(values_[node], is_infinite))
      blame(node, "infinite", is_infinite);
  }
}

// Names also the first of the values that `reached` was computed from that is so.
void Timeline::blame(std::uint32_t reached, const char* what, bool (*is)(double)) const {
  std::vector<bool> before(reached + 1, false);
  before[reached] = true;
  std::uint32_t first = reached;
  for (std::uint32_t node = reached + 1; node-- > 0;) {
    if (!before[node]) continue;
    if (any_element(values_[node], is)) first = node;
    for (const std::uint32_t input : recording_->inputs(node)) before[input] = true;
  }
  const std::size_t segment = segment_of(reached);
  std::string name = recording_->described(reached);
  std::string place =
      segment < steps() ? fmt::format(" at step {}", segment) : " after the last step";
  if (const auto loss = std::ranges::find(losses_, reached); loss != losses_.end()) {
    // Its step is that of the states it reads, wherever it was recorded.
    name = fmt::format("loss[{}]{} = {}", loss - losses_.begin(), read_by(reached), name);
    place.clear();
  } else if (segment < steps() && reached == hidden_[segment]) {
    name = fmt::format("h[{}] = {}", segment, name);
  } else {
    const std::vector<bool> after = leading_from({&reached, 1});
    const auto of = std::ranges::find_if(losses_, [&](std::uint32_t node) { return after[node]; });
    if (of != losses_.end() && (segment == steps() || !after[hidden_[segment]]))
      place = fmt::format(" on the way to loss[{}]{}", of - losses_.begin(), read_by(*of));
  }
  throw ValueError(fmt::format(
      "gradflow: {} is {}{}{}{}; nothing can be said of a gradient through it", name, what, place,
      element(values_[reached], is),
      first == reached ? ""
                       : fmt::format(", and so is {}{} before it", recording_->described(first),
                                     element(values_[first], is))));
}

std::vector<bool> Timeline::leading_to(std::span<const std::uint32_t> targets) const {
  std::vector<bool> result(recording_->size(), false);
  for (const std::uint32_t target : targets) result[target] = true;
  for (std::uint32_t node = recording_->size(); node-- > 0;)
    if (result[node])
      for (const std::uint32_t input : recording_->inputs(node)) result[input] = true;
  return result;
}

std::vector<std::size_t> Timeline::direct_steps(std::uint32_t node) const {
  std::vector<bool> before(node + 1, false);
  before[node] = true;
  std::vector<std::size_t> result;
  for (std::uint32_t i = node + 1; i-- > 0;) {
    if (!before[i]) continue;
    if (const std::size_t t = segment_of(i); t < steps() && hidden_[t] == i) {
      result.push_back(t);
      continue;
    }
    const Op* op = recording_->nodes[i].op;
    if (!op || !op->differentiable()) continue;
    for (const std::uint32_t input : recording_->inputs(i)) before[input] = true;
  }
  std::ranges::reverse(result);
  return result;
}

std::string Timeline::read_by(std::uint32_t loss) const {
  const std::vector<std::size_t> reads = direct_steps(loss);
  if (reads.empty()) return {};
  if (reads.size() == 1) return fmt::format(" of h[{}]", reads[0]);
  return fmt::format(" of {} states, h[{}] to h[{}],", reads.size(), reads.front(), reads.back());
}

// A matrix before the state instead of behind it: W h with h [n, 1], the axis that leads is no
// batch. (A mean over it and the like cannot be told from shapes.)
bool Timeline::states_are_columns() const {
  if (recording_->shape(hidden_[0]).rank() != 2) return false;
  const std::vector<bool> after = leading_from(hidden_);
  const std::vector<bool> before = leading_to({&hidden_.back(), 1});
  for (std::uint32_t node = hidden_.back() + 1; node-- > 0;) {
    if (!before[node]) continue;
    const std::span<const std::uint32_t> inputs = recording_->inputs(node);
    const Op* op = recording_->nodes[node].op;
    if (op && op->name() == "matmul" && after[inputs[1]] && !after[inputs[0]] &&
        recording_->shape(inputs[0]).rank() == 2)
      return true;
  }
  return false;
}

std::size_t Timeline::batch() const {
  const Shape& shape = recording_->shape(hidden_[0]);
  return shape.rank() < 2 || columns_ ? 1 : shape[0];
}

void Timeline::set_mask(const Tensor& mask) {
  if (!mask.defined()) return;
  wengert::detail::require_sequence_mask("gradflow", mask, steps(), batch());
  lengths_ = wengert::detail::last_steps(mask);
  for (std::size_t& length : lengths_) ++length;
}

std::size_t Timeline::longest() const {
  return masked() ? *std::ranges::max_element(lengths_) : steps();
}

std::size_t Timeline::width() const { return recording_->shape(hidden_[0]).size() / batch(); }

std::size_t Timeline::segment_of(std::uint32_t node) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(hidden_, node) - hidden_.begin());
}

std::uint32_t Timeline::begin_of(std::size_t segment) const {
  return segment == 0 ? 0 : hidden_[segment - 1] + 1;
}

std::uint32_t Timeline::end_of(std::size_t segment) const {
  return segment < hidden_.size() ? hidden_[segment] + 1 : recording_->size();
}

bool Timeline::enters_product(std::uint32_t node, std::size_t position) const {
  const Op* op = recording_->nodes[node].op;
  // The bias of a linear map comes third.
  return op && position < 2 && (op->name() == "linear" || op->name() == "matmul");
}

std::vector<bool> Timeline::leading_from(std::span<const std::uint32_t> targets,
                                         bool direct) const {
  std::vector<bool> marked(recording_->size(), false);
  for (const std::uint32_t target : targets) marked[target] = true;
  for (std::uint32_t node = 0; node < recording_->size(); ++node) {
    if (marked[node] || !recording_->nodes[node].op) continue;
    if (!recording_->nodes[node].op->differentiable()) continue;
    const std::span<const std::uint32_t> inputs = recording_->inputs(node);
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (marked[inputs[k]] && !(direct && enters_product(node, k))) marked[node] = true;
  }
  return marked;
}

}  // namespace wengert::gradflow
