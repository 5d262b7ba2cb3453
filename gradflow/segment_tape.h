// SPDX-License-Identifier: MIT
// One segment of a timeline as a tape of its own, on which cotangents of what leaves it are pulled
// to what enters. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "../graph/tape.h"
#include "timeline.h"

namespace wengert::gradflow {

/// With `copies` > 1 every batch lies there so many times, one below the other, so that one pass
/// backward pulls as many cotangents: right for a net whose samples do not see each other, which
/// `outputs_repeat` can only make plausible; who uses it compares a pull with that of a single
/// copy.
class SegmentTape {
 public:
  /// `marked`: the nodes whose cotangents are asked for, or lie on the way there.
  /// `direct`: products with a matrix let nothing through. Errors: ShapeError if the copies do not
  /// fit an op of the segment.
  SegmentTape(const Timeline& timeline, std::size_t segment, const std::vector<bool>& marked,
              std::size_t copies = 1, bool direct = false);

  /// What enters, or is a leaf, and is marked.
  struct Entry {
    std::uint32_t node;
    Var var;
  };
  const std::vector<Entry>& entries() const { return entries_; }
  const Var& at(std::uint32_t node) const { return vars_.at(node); }

  /// Cotangents of the entries, in their order; an undefined Tensor where none arrives.
  std::vector<Tensor> pull(const std::vector<Var>& outputs,
                           const std::vector<Var>& cotangents) const;

 private:
  bool repeats(std::uint32_t node, std::uint32_t user, std::size_t position) const;
  const Var& operand(std::uint32_t user, std::size_t position);
  Tensor repeated(const Tensor& value) const;

  const Timeline& timeline_;
  const std::vector<bool>& marked_;
  std::uint32_t begin_, end_;
  std::size_t copies_;
  bool direct_;
  Tape tape_;
  Wrt targets_;
  std::vector<Entry> entries_;
  std::unordered_map<std::uint32_t, Var> vars_;
  std::unordered_map<std::uint32_t, Var> constants_;  ///< unmarked operands, by node and repetition
};

}  // namespace wengert::gradflow
