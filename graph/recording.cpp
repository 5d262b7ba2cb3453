// SPDX-License-Identifier: MIT
#include "recording.h"

#include <limits>
#include <mutex>

#include <fmt/format.h>

#include "error.h"

namespace wengert::detail {
namespace {

constexpr std::size_t most_inputs = 16;
constexpr std::size_t nodes_worth_keeping = 1 << 20;  // capacity that survives in the stock
constexpr std::uint32_t last_generation = std::numeric_limits<std::uint32_t>::max();

// Recordings are never freed while the program runs: a Var of a finished tape may still ask one for
// its generation. Their number is the largest number of tapes that ever lived at once.
struct Stock {
  std::mutex mutex;
  std::vector<Recording*> idle;
};
Stock& stock() {
  static auto* const the_stock = new Stock;
  return *the_stock;
}

}  // namespace

Recording* Recording::begin() {
  {
    const std::lock_guard lock(stock().mutex);
    if (!stock().idle.empty()) {
      Recording* recording = stock().idle.back();
      stock().idle.pop_back();
      return recording;
    }
  }
  return new Recording;
}

void Recording::end(Recording* recording) noexcept {
  const std::uint32_t next = recording->generation() + 1;
  recording->generation_.store(next, std::memory_order_relaxed);
  recording->clear();
  if (next == last_generation) return;  // never reused, so that no stale Var can match it
  const std::lock_guard lock(stock().mutex);
  stock().idle.push_back(recording);
}

void Recording::clear() {
  const bool large = nodes.capacity() > nodes_worth_keeping;
  nodes.clear();
  edges.clear();
  if (large) {
    nodes.shrink_to_fit();
    edges.shrink_to_fit();
  }
  replayed_from = {};
  parameters.clear();
  segments.clear();
  open_segment = none;
  places.clear();
  place = 0;
  mode = Mode::training;
  substitutes = nullptr;
  parameter_nodes_.clear();
  shapes_.clear();
  recent_shapes_.fill(0);
  lifted_ops_.clear();
  other_arenas_.clear();
  if (arena_.use_count() > 1) {
    arena_ = std::make_shared<Arena>();  // a replayed tape still uses the ops
  } else {
    arena_->clear();
  }
}

std::uint32_t Recording::shape_id(const Shape& shape) {
  std::size_t hash = shape.rank();
  for (const std::size_t extent : shape) hash = (hash ^ extent) * 0x9E3779B97F4A7C15ULL;
  std::uint32_t& recent = recent_shapes_[hash >> 58];
  if (recent >= shapes_.size() || shapes_[recent] != shape) {
    recent = static_cast<std::uint32_t>(shapes_.size());
    shapes_.push_back(shape);
  }
  return recent;
}

std::uint32_t Recording::append(Node&& node) {
  if (nodes.size() >= none)
    throw TapeError(
        "record: the tape is full at 4294967295 nodes; was it meant to live this long?");
  node.place = place;
  nodes.push_back(std::move(node));
  return size() - 1;
}

Var Recording::leaf(Tensor value, Leaf kind) {
  Node node;
  node.dtype = value.dtype();
  node.leaf = kind;
  node.tracked = kind == Leaf::variable || kind == Leaf::parameter;
  if (node.tracked && !is_float(node.dtype))
    throw DTypeError(
        "variable: only f32 and f64 have gradients, got i64; use tape.input for labels");
  node.shape = shape_id(value.shape());
  node.value = value;
  const std::uint32_t index = append(std::move(node));
  return at(index, std::move(value));
}

Var Recording::parameter(const Tensor& value, std::uint64_t id, const std::string& name,
                         bool trainable) {
  if (const std::uint32_t known = parameter_node(id); known != none)
    return at(known, nodes[known].value);
  const std::uint32_t outer = std::exchange(place, 0);
  const Tensor* own = &value;
  if (substitutes)
    if (const auto found = substitutes->find(id); found != substitutes->end()) own = &found->second;
  Var var = leaf(*own, Leaf::parameter);
  nodes[var.index_].tracked = trainable;
  place = outer;
  parameters.push_back({var.index_, id, name});
  parameter_nodes_.emplace(id, var.index_);
  return var;
}

std::uint32_t Recording::parameter_node(std::uint64_t id) const {
  const auto found = parameter_nodes_.find(id);
  return found == parameter_nodes_.end() ? none : found->second;
}

Var Recording::record(const Op* op, std::span<const Var* const> inputs, Tensor output) {
  if (inputs.size() > std::numeric_limits<decltype(Node::edge_count)>::max())
    throw ValueError(
        fmt::format("{}: {} inputs are more than a node can have", op->name(), inputs.size()));
  std::array<std::uint32_t, most_inputs> few;
  std::vector<std::uint32_t> many;
  std::uint32_t* indices = few.data();
  if (inputs.size() > most_inputs) {
    many.resize(inputs.size());
    indices = many.data();
  }
  Operand needed = Operand::none();
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Var& input = *inputs[k];
    indices[k] = input.recording_ ? input.index_ : leaf(input.value_, Leaf::constant).index_;
    if (nodes[indices[k]].tracked) needed = needed | Operand::input(k);
  }

  Node node;
  node.op = op;
  node.dtype = output.dtype();
  node.tracked = needed.any() && op->differentiable();
  const bool as_first = !inputs.empty() && shapes_[nodes[indices[0]].shape] == output.shape();
  node.shape = as_first ? nodes[indices[0]].shape : shape_id(output.shape());
  node.first_edge = static_cast<std::uint32_t>(edges.size());
  node.edge_count = static_cast<std::uint16_t>(inputs.size());
  edges.insert(edges.end(), indices, indices + inputs.size());

  // Inside a checkpoint nothing made there is kept: it will be computed again.
  if (node.tracked) {
    const Operand reads = op->reads(needed);
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (reads.has_input(k) && indices[k] < open_segment)
        nodes[indices[k]].value = inputs[k]->value_;
    if (reads.has_output() && open_segment == none) node.value = output;
  }
  if (open_segment != none) {
    // What comes in from outside must be there when the segment is computed again.
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (indices[k] < open_segment) nodes[indices[k]].value = inputs[k]->value_;
  }
  const std::uint32_t index = append(std::move(node));
  return at(index, std::move(output));
}

void Recording::share_ops_of(const Recording& other) {
  other_arenas_ = other.other_arenas_;
  other_arenas_.push_back(other.arena_);
  lifted_ops_ = other.lifted_ops_;
}

std::string_view Recording::op_name(std::uint32_t node) const {
  constexpr std::string_view leaves[] = {"", "constant", "input", "variable", "parameter"};
  if (nodes[node].op) return nodes[node].op->name();
  return leaves[static_cast<std::size_t>(nodes[node].leaf)];
}

std::string Recording::parameter_name(std::uint32_t node) const {
  for (const ParameterLeaf& leaf : parameters)
    if (leaf.node == node) return leaf.name.empty() ? "(unnamed)" : leaf.name;
  return {};
}

std::string Recording::described(std::uint32_t node) const {
  if (nodes[node].leaf == Leaf::parameter)
    return fmt::format("parameter '{}'", parameter_name(node));
  const std::string where = to_string(places[nodes[node].place]);
  if (where.empty()) return fmt::format("node {} ({})", node, op_name(node));
  return fmt::format("'{}' ({})", where, op_name(node));
}

void Recording::gone(const Var& var) {
  throw TapeError(
      fmt::format("this value of shape {} outlived its tape: the tape it was recorded on is gone; "
                  "keep the tape "
                  "as long as you compute with its values, or use .value()",
                  to_string(var.shape())));
}

Recording* common_recording(const Op& op, std::span<const Var* const> inputs) {
  Recording* common = nullptr;
  const Var* first = nullptr;
  for (const Var* input : inputs) {
    Recording* recording = Recording::of(*input);
    if (!recording || recording == common) continue;
    if (common)
      throw TapeError(fmt::format(
          "{}: its operands are on two tapes: {} and {}; put both on one tape, or pass the value "
          "across with .value()",
          op.name(), common->described(Recording::index_of(*first)),
          recording->described(Recording::index_of(*input))));
    common = recording;
    first = input;
  }
  return common;
}

namespace {

std::string origins(std::span<const Var* const> inputs) {
  std::string text;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    if (!inputs[k]->on_tape()) continue;
    const Recording& recording = *Recording::of(*inputs[k]);
    const std::uint32_t node = Recording::index_of(*inputs[k]);
    if (recording.nodes[node].leaf == Leaf::constant) continue;
    text += fmt::format("{} {} is {}", text.empty() ? "; operand" : ", operand", k + 1,
                        recording.described(node));
  }
  return text;
}

}  // namespace

Tensor run(const Op& op, std::span<const Var* const> inputs) {
  std::array<const Tensor*, most_inputs> few;
  std::vector<const Tensor*> many;
  const Tensor** values = few.data();
  if (inputs.size() > most_inputs) {
    many.resize(inputs.size());
    values = many.data();
  }
  for (std::size_t k = 0; k < inputs.size(); ++k) values[k] = &inputs[k]->value();
  try {
    return op.run(Operands({values, inputs.size()}));
  } catch (const ShapeError& error) {
    throw ShapeError(error.what() + origins(inputs));
  } catch (const DTypeError& error) {
    throw DTypeError(error.what() + origins(inputs));
  }
}

Var apply_static(const Op& op, std::span<const Var* const> inputs) {
  Recording* recording = common_recording(op, inputs);
  Tensor output = run(op, inputs);
  if (!recording) return output;
  return recording->record(&op, inputs, std::move(output));
}

}  // namespace wengert::detail

namespace wengert {

bool Var::on_tape() const { return detail::Recording::alive(*this); }
bool training(const Var& x) {
  const detail::Recording* recording = detail::Recording::of(x);
  return recording && recording->mode == Mode::training;
}

bool Var::tracked() const { return on_tape() && recording_->nodes[index_].tracked; }
std::string to_string(const Var& value) { return to_string(value.value()); }

Tensor Op::run(Operands in) const {
  const Output what = infer(in);
  Tensor out = Tensor::empty(what.shape, what.dtype);
  forward(in, out);
  return out;
}
Tensor Op::branches(Operands, const Tensor&) const { return {}; }
Operand Op::reads(Operand) const { return Operand::none(); }
void Op::pullback(Pullback&) const {
  throw TapeError(fmt::format("{}: this op has no derivative", name()));
}
double Op::flops(std::span<const Shape>, const Shape& out) const {
  return static_cast<double>(out.size());
}
std::shared_ptr<const Op> Op::lifted(DType) const { return nullptr; }

}  // namespace wengert
