// SPDX-License-Identifier: MIT
// Cotangents of many functions at once, carried backward from segment to segment of a timeline:
// each row a vector of moderate size and the logarithm of what it was scaled by, so that e^-5000 is
// as exact as 1. Internal.
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
  /// `targets`: the nodes whose cotangents are wanted. Leaves among them are told to `on_leaf`
  /// segment by segment, other nodes wait in the block until their segment is pulled. `direct`:
  /// only by ways that do not pass through a product with a matrix.
  CotangentBlock(const Timeline& timeline, std::size_t rows, std::span<const std::uint32_t> targets,
                 bool direct = false);

  /// Adds `cotangent` (the node's elements) to what row `row` has at `node`.
  void seed(std::size_t row, std::uint32_t node, std::span<const double> cotangent);
  /// 1 at a scalar, e.g. a loss.
  void seed(std::size_t row, std::uint32_t node);

  /// Pulls what waits in the segment to the ones before.
  void pull(std::size_t segment);

  /// The row's cotangent at a node, without its scale; empty if it has none there.
  std::span<const double> at(std::uint32_t node, std::size_t row) const;
  std::span<double> at(std::uint32_t node, std::size_t row);
  /// ln of what the row's numbers are to be multiplied by.
  double log_scale(std::size_t row) const { return log_scale_[row]; }
  /// ln of the norm of the row's cotangent at a node, -inf for zero.
  double log_norm(std::uint32_t node, std::size_t row) const;
  /// The nodes that cotangents wait at, in order.
  std::vector<std::uint32_t> waiting() const;
  void multiply_scale(std::size_t row, double log_factor) { log_scale_[row] += log_factor; }

  /// Called with a marked leaf's part from one segment: row, node, cotangent without scale.
  std::function<void(std::size_t segment, std::size_t row, std::uint32_t node, const Tensor&)>
      on_leaf;
  /// How often a segment was pulled one row after the other, because its samples see each other.
  std::size_t row_by_row() const { return row_by_row_; }

 private:
  struct Held {
    std::size_t size = 0;
    std::vector<std::int32_t> slot = {};  ///< by row; -1: none
    std::vector<double> values = {};
  };
  struct Output {
    std::uint32_t node;
    Held held;
  };
  void add(std::uint32_t node, std::size_t row, std::span<const double> values);
  void deliver(std::size_t segment, const SegmentTape& tape, std::size_t row,
               const std::vector<Tensor>& pulled);
  std::vector<Tensor> pull_row(const SegmentTape& tape, const std::vector<Output>& outputs,
                               std::size_t row) const;
  bool pull_together(std::size_t segment, const SegmentTape& single,
                     const std::vector<Output>& outputs, std::span<const std::size_t> rows);
  void rescale(const SegmentTape& tape);

  const Timeline& timeline_;
  bool direct_;
  std::vector<bool> marked_;
  std::map<std::uint32_t, Held> waiting_;
  std::vector<double> log_scale_;
  std::size_t row_by_row_ = 0;
};

}  // namespace wengert::gradflow
