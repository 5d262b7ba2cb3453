// SPDX-License-Identifier: MIT
// The tape's data structure: nodes in one append-only vector whose order is a topological order,
// edges as indices. Read `record` (recording.cpp) and `Sweep::run` (backward.cpp) to know the
// engine. Op authors use `apply`; everybody else uses tape.h.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "arena.h"
#include "huge_pages.h"
#include "mode.h"
#include "op.h"
#include "scope.h"
#include "var.h"

namespace wengert::detail {

enum class Leaf : std::uint8_t { no, constant, input, variable, parameter };

/// 32 bytes. `value` is set only for leaves and for what some pullback reads.
struct Node {
  const Op* op = nullptr;
  Tensor value;
  std::uint32_t first_edge = 0;
  std::uint16_t edge_count = 0;
  DType dtype = DType::f32;
  Leaf leaf : 3 = Leaf::no;
  bool tracked : 1 = false;
  std::uint32_t shape = 0;
  std::uint32_t place = 0;
};

/// A stretch of the tape whose values are forgotten and recomputed on the way back (checkpoint).
struct Segment {
  std::uint32_t begin;
  std::uint32_t end;
};

struct ParameterLeaf {
  std::uint32_t node;
  std::uint64_t id;
  std::string name;
};

class Recording {
 public:
  static constexpr std::uint32_t none = 0xffffffffU;

  /// From and back to a bounded stock, so that a training step does not allocate its tape anew.
  /// Ending a recording changes its generation: Vars that point to it know that it is gone.
  static Recording* begin();
  static void end(Recording* recording) noexcept;

  /// The recording that `var` is on, null if none. Errors: TapeError if its tape is gone.
  static Recording* of(const Var& var) {
    if (!var.recording_) return nullptr;
    if (var.recording_->generation() != var.generation_) gone(var);
    return var.recording_;
  }
  static bool alive(const Var& var) {
    return var.recording_ && var.recording_->generation() == var.generation_;
  }
  static std::uint32_t index_of(const Var& var) { return var.index_; }

  Var leaf(Tensor value, Leaf kind);
  Var parameter(const Tensor& value, std::uint64_t id, const std::string& name, bool trainable);
  /// Appends a node. `op` lives as long as the recording.
  Var record(const Op* op, std::span<const Var* const> inputs, Tensor output);
  /// A node that is `x` under a place of its own and tracked in any case: what a transform
  /// differentiates by.
  Var track(const Var& x);

  /// Moves `op` into memory that lives as long as the recording.
  template <class O>
  const Op* keep(const O& op) {
    return arena_->make<O>(op);
  }

  std::uint32_t size() const { return static_cast<std::uint32_t>(nodes.size()); }
  std::span<const std::uint32_t> inputs(std::uint32_t node) const {
    return {edges.data() + nodes[node].first_edge, nodes[node].edge_count};
  }
  const Shape& shape(std::uint32_t node) const { return shapes_[nodes[node].shape]; }
  /// The Var at `node`; its value must be known. `value` is used if the tape did not keep it.
  Var at(std::uint32_t node, Tensor value) {
    return Var(std::move(value), this, generation(), node);
  }
  std::uint32_t generation() const { return generation_.load(std::memory_order_relaxed); }
  std::string_view op_name(std::uint32_t node) const;
  /// "'encoder.0' (linear)", "parameter 'encoder.0.weight'".
  std::string described(std::uint32_t node) const;
  std::string parameter_name(std::uint32_t node) const;

  std::vector<Node, HugePages<Node>> nodes;
  std::vector<std::uint32_t, HugePages<std::uint32_t>> edges;
  /// What a replayed tape was made from: node i there is node i here, for i < size.
  struct Origin {
    const Recording* recording = nullptr;
    std::uint32_t generation = 0;
    std::uint32_t size = 0;
  };
  Origin replayed_from;
  std::vector<ParameterLeaf> parameters;
  std::vector<Segment> segments;  ///< ends ascending; an inner one before its outer one
  std::uint32_t open_segment = none;
  PlaceTable places;
  std::uint32_t place = 0;
  Mode mode = Mode::training;
  /// Values that parameters have on this tape instead of their own, by identity; null: their own.
  /// The gradient checker runs a model near its weights, and in float64, without touching it.
  const std::unordered_map<std::uint64_t, Tensor>* substitutes = nullptr;

  /// Node of the parameter with this identity, `none` if it is not on this tape.
  std::uint32_t parameter_node(std::uint64_t id) const;
  void adopt_parameters(const Recording& other) { parameter_nodes_ = other.parameter_nodes_; }

  /// Ops kept alive for this recording: its own arena, and those of recordings it was made from.
  std::shared_ptr<Arena> arena() const { return arena_; }
  void share_ops_of(const Recording& other);
  void keep_alive(std::shared_ptr<const Op> op) { lifted_ops_.push_back(std::move(op)); }
  std::uint32_t shape_id(const Shape& shape);

 private:
  Recording() = default;
  [[noreturn]] static void gone(const Var& var);
  void clear();
  std::uint32_t append(Node&& node);

  std::atomic<std::uint32_t> generation_{0};
  std::vector<Shape> shapes_;
  std::unordered_map<std::uint64_t, std::uint32_t> parameter_nodes_;
  std::array<std::uint32_t, 64> recent_shapes_{};  ///< by hash; a miss appends the shape again
  std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();
  std::vector<std::shared_ptr<Arena>> other_arenas_;
  std::vector<std::shared_ptr<const Op>> lifted_ops_;
};

/// The one recording that the inputs are on, null if none is on a tape.
/// Errors: TapeError if there are two, or one is gone.
Recording* common_recording(const Op& op, std::span<const Var* const> inputs);
/// Runs `op` on the values of the inputs; a ShapeError or DTypeError says where they come from.
Tensor run(const Op& op, std::span<const Var* const> inputs);

/// What every op function ends in: computes and, if an input is on a tape, records. `op` is copied.
template <class O>
Var apply(const O& op, std::span<const Var* const> inputs) {
  Recording* recording = common_recording(op, inputs);
  Tensor output = run(op, inputs);
  if (!recording) return output;
  return recording->record(recording->keep(op), inputs, std::move(output));
}
template <class O, std::same_as<Var>... Vars>
Var apply(const O& op, const Vars&... inputs) {
  const std::array<const Var*, sizeof...(Vars)> list{&inputs...};
  return apply(op, std::span<const Var* const>(list));
}
/// The same for an op that lives forever (it has no state of its own).
Var apply_static(const Op& op, std::span<const Var* const> inputs);
template <std::same_as<Var>... Vars>
Var apply_static(const Op& op, const Vars&... inputs) {
  const std::array<const Var*, sizeof...(Vars)> list{&inputs...};
  return apply_static(op, std::span<const Var* const>(list));
}

}  // namespace wengert::detail
