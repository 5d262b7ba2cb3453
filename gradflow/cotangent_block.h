// SPDX-License-Identifier: MIT
// Cotangents of many functions at once, carried backward from segment to segment of a timeline:
// each a vector of moderate size and the power of two that it was scaled by, so that e^-5000 is as
// exact as 1. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "segment_tape.h"
#include "timeline.h"

namespace wengert::gradflow {

class CotangentBlock {
 public:
  /// `targets`: the nodes whose cotangents are wanted. `direct`: only by ways that do not pass
  /// through a product with a matrix.
  CotangentBlock(const Timeline& timeline, std::size_t rows, std::span<const std::uint32_t> targets,
                 bool direct = false);

  /// Adds `cotangent` (the node's elements) to what row `row` has at `node`.
  void seed(std::size_t row, std::uint32_t node, std::span<const double> cotangent);
  /// 1 at a scalar, e.g. a loss.
  void seed(std::size_t row, std::uint32_t node);

  /// Pulls what waits in the segment to the ones before. What no target leads to goes on waiting:
  /// the sweep ends there.
  void pull(std::size_t segment);

  /// The row's cotangent at a node, without its scale; empty if it has none there.
  std::span<const double> at(std::uint32_t node, std::size_t row) const;
  /// Power of two that these numbers are to be multiplied by.
  std::int64_t exponent(std::uint32_t node, std::size_t row) const;
  /// ln of the norm of the row's cotangent at a node, -inf for zero.
  double log_norm(std::uint32_t node, std::size_t row) const;
  /// The nodes up to `last` that cotangents wait at, in order.
  std::vector<std::uint32_t> waiting(std::uint32_t last) const;
  /// Puts other numbers in the place of what the row has at a node.
  void replace(std::uint32_t node, std::size_t row, std::span<const double> values);

  /// If set, it is told the cotangents of targets instead of letting them wait: row, node, part
  /// and the part's exponent. The parts, some from each segment that uses the target, add up to
  /// the whole.
  std::function<void(std::size_t row, std::uint32_t node, std::span<const double>, std::int64_t)>
      on_target;
  /// How often a segment was pulled one row after the other, because its samples see each other.
  std::size_t row_by_row() const { return row_by_row_; }

 private:
  struct Held {
    std::size_t size = 0;
    std::vector<std::int32_t> slot = {};  ///< by row; -1: none
    std::vector<std::int64_t> exponent = {};
    std::vector<double> values = {};
    std::span<double> of(std::size_t row);
    std::span<const double> of(std::size_t row) const;
    std::int64_t exponent_of(std::size_t row) const {
      return exponent[static_cast<std::size_t>(slot[row])];
    }
  };
  struct Output {
    std::uint32_t node;
    Held held;
  };
  /// What of a row is pulled in one go: numbers of about one scale.
  struct Task {
    std::size_t row;
    std::int64_t exponent;
    std::vector<std::size_t> outputs;
  };
  Held& held_at(std::uint32_t node, std::size_t size);
  void add(std::uint32_t node, std::size_t row, std::span<const double> values,
           std::int64_t exponent);
  void deliver(const SegmentTape::Entry& entry, const Task& task, std::span<const double> part);
  void pull_one(const SegmentTape& tape, const std::vector<Output>& outputs, const Task& task);
  bool pull_together(std::size_t segment, const SegmentTape& single,
                     const std::vector<Output>& outputs, std::span<const Task> tasks);
  std::vector<Output> taken(std::size_t segment);
  bool batched(const Output& output) const;
  void normalise(const SegmentTape& tape);

  const Timeline& timeline_;
  SweepRange range_;
  std::size_t rows_;
  std::map<std::uint32_t, Held> waiting_;
  std::size_t row_by_row_ = 0;
};

}  // namespace wengert::gradflow
