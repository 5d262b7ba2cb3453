// SPDX-License-Identifier: MIT
// An unrolled net as the instruments see it: any tape, cut at its hidden states, computed again in
// float64. Internal: what is asked of it is in study.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "../graph/op.h"
#include "../graph/recording.h"
#include "../graph/tape.h"
#include "../graph/tensor.h"
#include "../graph/var.h"

namespace wengert::gradflow {

/// Errors: ValueError for a hidden state without elements: of an empty batch nothing can be said.
void require_elements(const Shape& hidden);

/// Segment t is what was recorded after h[t - 1] up to h[t]; segment 0 begins with the tape, and
/// segment `steps()` is what comes after the last hidden state. Holds every value of the recording
/// in float64.
class Timeline {
 public:
  /// Without losses it is only asked how states depend on states. The mask says which steps of a
  /// padded batch are real, [T, batch] as in unroll; undefined: all.
  /// Errors: as unroll for the mask; ValueError if there are no hidden states, or they are not in
  /// the order of recording, or of several shapes or without elements, or h[0] does not lead to
  /// h[1], or a value is NaN (naming state or loss, step and op); TapeError if one is not on this
  /// tape, or leads to no loss; ShapeError if a loss is no scalar.
  Timeline(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses,
           const Tensor& mask = {});

  std::size_t steps() const { return hidden_.size(); }
  /// Extent of the leading axis of h; 1 if h has one axis only, or a matrix stands before the
  /// states (W h), whose leading axis is then no batch.
  std::size_t batch() const;
  /// Elements of h a sample.
  std::size_t width() const;

  bool masked() const { return !lengths_.empty(); }
  /// Real steps of a sample; they come first.
  std::size_t length(std::size_t sample) const { return masked() ? lengths_[sample] : steps(); }
  bool real(std::size_t step, std::size_t sample) const { return step < length(sample); }
  /// Real steps of the longest sequence.
  std::size_t longest() const;

  std::span<const std::uint32_t> hidden() const { return hidden_; }
  std::span<const std::uint32_t> losses() const { return losses_; }
  /// Number of segments, steps() + 1.
  std::size_t segments() const { return hidden_.size() + 1; }
  std::size_t segment_of(std::uint32_t node) const;
  /// First and past-the-last node of a segment.
  std::uint32_t begin_of(std::size_t segment) const;
  std::uint32_t end_of(std::size_t segment) const;

  const wengert::detail::Recording& recording() const { return *recording_; }
  const Tensor& value(std::uint32_t node) const { return values_[node]; }
  /// The op of a node in float64; null for a leaf.
  const Op* op(std::uint32_t node) const { return ops_[node].get(); }
  std::uint32_t node_of(const char* what, std::size_t index, const Var& var) const;

  /// Which nodes are one of `targets` or depend on one; with `direct` only by ways that do not pass
  /// through a product with a matrix.
  std::vector<bool> leading_from(std::span<const std::uint32_t> targets, bool direct = false) const;
  /// Which nodes are one of `targets` or one of them depends on.
  std::vector<bool> leading_to(std::span<const std::uint32_t> targets) const;
  /// The steps whose states `node` depends on by ways that pass no other state, in order.
  std::vector<std::size_t> direct_steps(std::uint32_t node) const;
  /// True if the node is a product with a matrix, and operand `position` one of its factors.
  bool enters_product(std::uint32_t node, std::size_t position) const;

 private:
  void set_mask(const Tensor& mask);
  void lift();
  void require_order() const;
  void require_path() const;
  void require_chain() const;
  void require_finite() const;
  bool states_are_columns() const;
  std::string read_by(std::uint32_t loss) const;
  [[noreturn]] void blame(std::uint32_t reached, const char* what, bool (*is)(double)) const;

  const wengert::detail::Recording* recording_;
  std::vector<std::uint32_t> hidden_;
  std::vector<std::uint32_t> losses_;
  std::vector<Tensor> values_;
  std::vector<std::shared_ptr<const Op>> ops_;
  std::vector<std::size_t> lengths_ = {};
  bool columns_ = false;
};

}  // namespace wengert::gradflow
