// SPDX-License-Identifier: MIT
// A recorded computation, run again.
#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "error.h"
#include "recording.h"
#include "tape.h"

namespace wengert {

using detail::Leaf;
using detail::Node;
using detail::Recording;

namespace {

/// The values of the leaves of one run: those bound, and the recorded ones, in the run's dtype.
class Leaves {
 public:
  Leaves(const Recording& tape, std::span<const Binding> bindings, std::optional<DType> dtype)
      : tape_(tape), dtype_(dtype) {
    for (const Binding& binding : bindings) bind(binding);
  }

  Tensor operator[](std::uint32_t node) const {
    if (const auto bound = bound_.find(node); bound != bound_.end()) return bound->second;
    return lifted(tape_.nodes[node].value);
  }

  DType dtype_of(DType recorded) const { return dtype_ && is_float(recorded) ? *dtype_ : recorded; }

 private:
  Tensor lifted(const Tensor& value) const { return value.to(dtype_of(value.dtype())); }

  void bind(const Binding& binding) {
    std::uint32_t node = Recording::none;
    if (binding.parameter) {
      node = tape_.parameter_node(binding.parameter->id());
      if (node == Recording::none)
        throw TapeError(
            fmt::format("replay: parameter '{}' is not on this tape", binding.parameter->name()));
    } else {
      if (Recording::of(binding.var) != &tape_)
        throw TapeError("replay: a bound value is not on this tape");
      node = Recording::index_of(binding.var);
    }
    if (tape_.nodes[node].leaf == Leaf::no)
      throw TapeError(
          fmt::format("replay: {} is no leaf; only inputs, variables and parameters can "
                      "be given other values",
                      tape_.described(node)));
    if (binding.value.shape() != tape_.shape(node))
      throw ShapeError(fmt::format("replay: {} has shape {}, the new value {}",
                                   tape_.described(node), to_string(tape_.shape(node)),
                                   to_string(binding.value.shape())));
    const DType wanted = dtype_of(tape_.nodes[node].dtype);
    if (binding.value.dtype() != wanted && binding.value.dtype() != tape_.nodes[node].dtype)
      throw DTypeError(fmt::format("replay: {} is {} here, the new value {}", tape_.described(node),
                                   to_string(wanted), to_string(binding.value.dtype())));
    bound_[node] = binding.value.to(wanted);
  }

  const Recording& tape_;
  std::optional<DType> dtype_;
  std::unordered_map<std::uint32_t, Tensor> bound_;
};

void require_float(std::optional<DType> dtype) {
  if (dtype && !is_float(*dtype)) throw DTypeError("replay: a tape runs in f32 or f64, not in i64");
}

Tensor run_node(const Recording& tape, std::uint32_t node, const Leaves& leaves,
                std::optional<DType> dtype, std::span<const Tensor> values,
                std::vector<const Tensor*>& operands) {
  const Op* op = tape.nodes[node].op;
  if (!op) return leaves[node];
  std::shared_ptr<const Op> lifted;
  if (dtype) lifted = op->lifted(*dtype);
  operands.clear();
  for (const std::uint32_t input : tape.inputs(node)) operands.push_back(&values[input]);
  return (lifted ? lifted.get() : op)->run(Operands(operands));
}

}  // namespace

std::vector<Tensor> Tape::replay(std::span<const Var> outputs, std::span<const Binding> bindings,
                                 std::optional<DType> dtype) const {
  require_float(dtype);
  for (const Var& output : outputs) require_here("replay", output);
  const Recording& tape = *recording_;
  const Leaves leaves(tape, bindings, dtype);
  std::uint32_t last = 0;
  for (const Var& output : outputs) last = std::max(last, Recording::index_of(output));

  // Only what leads to the outputs runs, and a value lives until its last use.
  std::vector<std::uint32_t> last_use(last + 1, 0);
  std::vector<bool> wanted(last + 1, false);
  for (const Var& output : outputs) {
    wanted[Recording::index_of(output)] = true;
    last_use[Recording::index_of(output)] = Recording::none;
  }
  for (std::uint32_t node = last + 1; node-- > 0;) {
    if (!wanted[node]) continue;
    for (const std::uint32_t input : tape.inputs(node)) {
      wanted[input] = true;
      last_use[input] = std::max(last_use[input], node);
    }
  }
  std::vector<Tensor> values(last + 1);
  std::vector<const Tensor*> operands;
  for (std::uint32_t node = 0; node <= last; ++node) {
    if (!wanted[node]) continue;
    values[node] = run_node(tape, node, leaves, dtype, values, operands);
    for (const std::uint32_t input : tape.inputs(node))
      if (last_use[input] == node) values[input] = Tensor();
  }
  std::vector<Tensor> results;
  for (const Var& output : outputs) results.push_back(values[Recording::index_of(output)]);
  return results;
}

Tensor Tape::replay(const Var& output, std::span<const Binding> bindings,
                    std::optional<DType> dtype) const {
  return replay(std::span(&output, 1), bindings, dtype).front();
}

Tensor Tape::replay(const Var& output, std::initializer_list<Binding> bindings,
                    std::optional<DType> dtype) const {
  return replay(output, std::span(bindings.begin(), bindings.size()), dtype);
}

Tape Tape::replayed(std::span<const Binding> bindings, std::optional<DType> dtype) const {
  require_float(dtype);
  const Recording& from = here();
  const Leaves leaves(from, bindings, dtype);
  Tape result;
  Recording& to = *result.recording_;
  to.share_ops_of(from);
  to.replayed_from = {&from, from.generation(), from.size()};
  to.nodes.reserve(from.nodes.size());
  to.edges = from.edges;
  to.parameters = from.parameters;
  to.places = from.places;
  to.adopt_parameters(from);
  std::vector<Tensor> values(from.size());
  std::vector<const Tensor*> operands;
  for (std::uint32_t index = 0; index < from.size(); ++index) {
    const Node& original = from.nodes[index];
    Node node = original;
    node.value = Tensor();
    if (original.op && dtype) {
      if (auto lifted = original.op->lifted(*dtype)) {
        node.op = lifted.get();
        to.keep_alive(std::move(lifted));
      }
    }
    values[index] = run_node(from, index, leaves, dtype, values, operands);
    node.dtype = values[index].dtype();
    node.shape = to.shape_id(values[index].shape());
    if (!node.op || original.value.defined()) node.value = values[index];
    // What a checkpoint had forgotten is kept here: this tape has no segments.
    to.nodes.push_back(std::move(node));
    if (!to.nodes[index].tracked || !to.nodes[index].op) continue;
    const std::span<const std::uint32_t> inputs = to.inputs(index);
    Operand needed = Operand::none();
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (to.nodes[inputs[k]].tracked) needed = needed | Operand::input(k);
    const Operand reads = to.nodes[index].op->reads(needed);
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (reads.has_input(k)) to.nodes[inputs[k]].value = values[inputs[k]];
    if (reads.has_output()) to.nodes[index].value = values[index];
  }
  // The last node is most often the loss, which no pullback reads.
  if (!values.empty()) to.nodes.back().value = values.back();
  return result;
}

Var Tape::counterpart(const Var& original) const {
  const Recording* of_original = Recording::of(original);
  if (!of_original) throw TapeError("counterpart: this value is on no tape");
  const std::uint32_t node = Recording::index_of(original);
  const Recording::Origin& origin = here().replayed_from;
  if (of_original != origin.recording || of_original->generation() != origin.generation ||
      node >= origin.size)
    throw TapeError(
        "counterpart: this tape was not replayed from the one the value is on, or before "
        "the value was recorded");
  const Tensor& value = recording_->nodes[node].value;
  return recording_->at(node, value.defined() ? value : replay_value(node));
}

Tensor Tape::replay_value(std::uint32_t node) const {
  const Var place = recording_->at(node, Tensor::empty({0}, recording_->nodes[node].dtype));
  return replay(place);
}

}  // namespace wengert
