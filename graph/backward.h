// SPDX-License-Identifier: MIT
// One backward pass over a recording: the chain rule, counting down.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gradients.h"
#include "recording.h"
#include "tape.h"

namespace wengert::detail {

class Sweep {
 public:
  /// `wrt` null: by everything tracked.
  Sweep(Recording& tape, std::span<const Var> ys, std::span<const Var> cotangents, const Wrt* wrt);
  Gradients run();

 private:
  friend class wengert::Pullback;

  void ask_for(const Wrt& wrt);
  void mark_needed();
  void seed(std::span<const Var> ys, std::span<const Var> cotangents);
  void stretch(std::uint32_t node);
  bool any_input_needed(std::uint32_t node) const;
  void find_segments();
  void restore_segment_around(std::uint32_t node);
  void restore(std::size_t index);
  void note_gradient(std::uint32_t node);
  void gather(std::uint32_t node, Var cotangent);

  bool needed(std::uint32_t node) const {
    if (node < first_) return false;
    return needed_.empty() ? tape_.nodes[node].tracked : needed_[node - first_] != 0;
  }
  const Tensor* known_value(std::uint32_t node) const;
  const Tensor& value(std::uint32_t node);
  Var on_tape_if_recording(std::uint32_t node);
  Var cotangent(std::uint32_t node) const;
  Tensor& cotangent_value(std::uint32_t node) { return cotangents_[node - first_]; }

  Recording& tape_;
  bool recording_ = false;  ///< the cotangent is on the tape, so the pass is recorded too
  std::uint32_t first_ = 0;
  std::uint32_t last_ = 0;
  std::vector<std::uint32_t>
      asked_;  ///< nodes whose gradient is returned, ascending; empty: all leaves
  bool all_leaves_ = false;
  std::vector<std::uint8_t> needed_;                   ///< from first_ on; empty: what is tracked
  std::vector<Tensor, HugePages<Tensor>> cotangents_;  ///< from first_ on
  std::vector<std::uint32_t> cotangent_nodes_;  ///< while recording: where they are on the tape

  struct Restored {
    std::size_t segment;
    std::uint32_t begin;
    std::vector<Tensor> values;
  };
  static constexpr std::size_t no_segment = static_cast<std::size_t>(-1);
  std::vector<Segment> segments_;   ///< found when the first forgotten value is read
  std::vector<std::size_t> outer_;  ///< of each segment, the one around it
  std::vector<Restored> restored_;  ///< checkpoint segments being passed, outermost first

  Gradients result_;
};

}  // namespace wengert::detail
