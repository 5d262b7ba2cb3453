// SPDX-License-Identifier: MIT
// One segment of a timeline as a tape of its own, on which cotangents of what leaves it are pulled
// to what enters. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "../graph/tape.h"
#include "timeline.h"

namespace wengert::gradflow {

/// Where a sweep backward goes, by node.
struct SweepRange {
  /// `direct`: products with a matrix let nothing through.
  SweepRange(const Timeline& timeline, std::span<const std::uint32_t> wanted, bool direct);
  std::vector<bool> targets = {};
  std::vector<bool> marked = {};  ///< is a target, or depends on one
  std::vector<bool> ends = {};    ///< is a target and depends on no other
  bool direct = false;
};

/// With `copies` > 1 every batch lies there so many times, one below the other, so that one pass
/// backward pulls as many cotangents: right for a net whose samples do not see each other, which
/// shapes can only make plausible; who uses it compares a pull with that of a single copy.
class SegmentTape {
 public:
  /// `outputs`: the nodes of the segment that cotangents will be given for; what does not lead to
  /// one is left out. `observe`: targets that are computed in the segment are entries too.
  /// Errors: ShapeError, or what an op throws, if the copies do not fit an op of the segment.
  SegmentTape(const Timeline& timeline, std::size_t segment, const SweepRange& range,
              std::span<const std::uint32_t> outputs, bool observe, std::size_t copies = 1);

  /// A marked value that the segment begins from, or one inside that is observed (`own`).
  struct Entry {
    std::uint32_t node;
    Var var;
    bool own;
  };
  const std::vector<Entry>& entries() const { return entries_; }
  /// Place of a node among the entries.
  std::size_t entry_of(std::uint32_t node) const;
  const Var& at(std::uint32_t node) const { return vars_.at(node); }

  /// Cotangents of the entries, in their order; an undefined Tensor where none arrives.
  std::vector<Tensor> pull(const std::vector<Var>& outputs,
                           const std::vector<Var>& cotangents) const;

 private:
  bool repeats(std::uint32_t node, std::uint32_t user, std::size_t position) const;
  const Var& operand(std::uint32_t user, std::size_t position);
  Tensor repeated(const Tensor& value) const;
  void record(std::uint32_t node);

  const Timeline& timeline_;
  const SweepRange& range_;
  std::uint32_t begin_;
  std::size_t copies_;
  Tape tape_;
  Wrt targets_;
  std::vector<Entry> entries_;
  std::unordered_map<std::uint32_t, Var> vars_;
  std::unordered_map<std::uint64_t, Var> constants_;  ///< unmarked operands, by node and repetition
};

}  // namespace wengert::gradflow
