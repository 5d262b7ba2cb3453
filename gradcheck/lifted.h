// SPDX-License-Identifier: MIT
// A recorded computation in float64, to be evaluated anywhere near its point. Internal.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "../graph/gradients.h"
#include "../graph/recording.h"
#include "../graph/rng.h"
#include "../graph/tape.h"
#include "vectors.h"

namespace wengert::detail {

/// The inputs on a tape: floats to differentiate by, integers as data.
std::vector<Var> leaves_on(Tape& tape, std::span<const Tensor> inputs);
/// Which operands of a node there is a gradient by.
std::vector<bool> wanted_inputs(const Recording& all, std::uint32_t node, Operands in);
/// The position of an element of a tensor of this shape.
std::vector<std::size_t> index_of(std::size_t element, const Shape& shape);

/// A leaf to differentiate by.
struct CheckedLeaf {
  std::uint32_t node = 0;
  std::uint64_t parameter = 0;  ///< identity; 0: an input
  std::string name;             ///< "parameter 'encoder.0.weight'", "input 1"
  Tensor value;                 ///< f64
  Tensor gradient;              ///< f64, by backward
};

/// Which way the branches of a computation went (Op::branches), node by node.
struct Branches {
  struct Of {
    std::uint32_t node;
    Tensor sides;
  };
  std::vector<Of> nodes;

  /// Nothing if `sides` is undefined.
  void add(std::uint32_t node, Tensor sides);
  std::size_t size() const;
  /// The number of decisions that went another way, or were taken in one of the two only.
  std::size_t differences(const Branches& other) const;
};

class Lifted {
 public:
  /// `y` is contracted with the cotangent, which is 1 for a scalar and else drawn from `seed`.
  /// Errors: TapeError if nothing tracked leads to y.
  Lifted(const Tape& tape, const Var& y, std::uint64_t seed);

  const Tape& tape() const { return tape_; }
  Recording& recording() const { return const_cast<Tape&>(tape_).recording(); }
  const Var& output() const { return y_; }
  const Tensor& cotangent() const { return cotangent_; }
  const std::vector<CheckedLeaf>& leaves() const { return leaves_; }
  std::vector<Tensor> point() const;
  double value() const { return dot(y_.value(), cotangent_); }

  /// What a parameter is called, by one who knows its path.
  void name(std::uint64_t parameter, const std::string& path);
  /// The function at other values of the leaves; `branches`, if given, is filled. Calls `seen`, if
  /// given, with every node's operands and value.
  using Seen =
      std::function<void(std::uint32_t node, const Op& op, Operands in, const Tensor& out)>;
  double value_at(std::span<const Tensor> leaves, Branches* branches = nullptr,
                  const Seen& seen = {}) const;
  /// The output with every value on the way jittered, leaves included: what rounding that is so
  /// coarse does to it.
  Tensor jittered_output(double size, Rng& rng) const;
  /// Backward with this cotangent, one gradient a leaf.
  std::vector<Tensor> backward(const Tensor& cotangent) const;
  /// The same computation recorded at other values of the leaves, with its gradients there.
  Lifted recorded_at(std::span<const Tensor> leaves) const;

 private:
  Lifted(Tape tape, const Var& y, Tensor cotangent);
  void find_leaves();
  void find_last_uses();
  using Changed = std::function<Tensor(Tensor value)>;
  Tensor run(std::span<const Tensor> leaves, Branches* branches, const Seen& seen,
             const Changed& changed) const;

  Tape tape_;
  Var y_;
  Tensor cotangent_;
  std::vector<CheckedLeaf> leaves_;
  std::vector<std::uint32_t> last_use_;  ///< 0: not on the way to y
};

}  // namespace wengert::detail
