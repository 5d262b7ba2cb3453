// SPDX-License-Identifier: MIT
// Questions about a recorded computation: what gets no gradient and why, how long the way of a
// gradient is, where everything passes through one value. What it takes in memory is in
// peak_memory.h, pictures in dot.h, the view for graph algorithms of one's own in boost_graph.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "parameter.h"
#include "tape.h"
#include "var.h"

namespace wengert {

// All of these throw TapeError if `loss` is not on `tape`. No recursion is as deep as the tape is
// long.

/// A node of the tape and what it is: "'encoder.0' (linear)".
struct DescribedNode {
  std::uint32_t index;
  std::string description;
};

/// A parameter on the tape that the loss has no gradient for, and where the way to it ends.
struct UnreachableParameter {
  static constexpr std::uint32_t nothing = 0xffffffffU;

  std::string name;
  std::uint32_t node;
  /// The last node that still depends on the parameter...
  DescribedNode last;
  /// ... and the one that reads it on the way to the loss but is not differentiable (argmax, a
  /// comparison); `nothing` if nothing that leads to the loss reads it.
  std::uint32_t reader;
  /// The whole story in a sentence.
  std::string why;
};
/// The parameters of the tape to which no gradient flows, in the order in which they were met.
/// O(nodes + edges).
std::vector<UnreachableParameter> unreachable_parameters(const Tape& tape, const Var& loss);

/// A way of the gradient from the loss (first) to a leaf (last) and the number of ops on it.
struct GradientPath {
  std::size_t ops = 0;
  std::vector<DescribedNode> nodes;  ///< empty if no gradient flows from the loss to the leaf
};
/// The way with the fewest ops; `leaf` may be any value on the tape. O(nodes + edges).
/// Errors: TapeError if the leaf is not on this tape.
GradientPath shortest_gradient_path(const Tape& tape, const Var& loss, const Var& leaf);
GradientPath shortest_gradient_path(const Tape& tape, const Var& loss, const Parameter& leaf);
/// The way with the most ops.
GradientPath longest_gradient_path(const Tape& tape, const Var& loss, const Var& leaf);
GradientPath longest_gradient_path(const Tape& tape, const Var& loss, const Parameter& leaf);

/// `a` dominates `b` if every way of the gradient from the loss to `b` goes through `a`.
struct Dominators {
  static constexpr std::uint32_t none = 0xffffffffU;

  /// By node: the dominator next to it; `none` for the loss and where no gradient arrives. Nodes
  /// recorded after the loss are left out.
  std::vector<std::uint32_t> immediate;
  /// What all tracked leaves have in common, from the loss on: no gradient arrives anywhere but
  /// through these.
  std::vector<DescribedNode> common;
};
/// O(nodes + edges log nodes).
Dominators dominators(const Tape& tape, const Var& loss);

/// The ops without which the computation falls in two: all that one side knows of the other is this
/// one value. So these are the places to cut for a checkpoint, in the order of recording. Leaves
/// (weights, inputs) do not count as connections, since they are at hand anyway; the loss is not
/// listed. O(nodes + edges).
std::vector<DescribedNode> articulation_points(const Tape& tape, const Var& loss);

}  // namespace wengert
