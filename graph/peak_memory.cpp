// SPDX-License-Identifier: MIT
#include "peak_memory.h"

#include <algorithm>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

#include "analysis_nodes.h"
#include "recording.h"

namespace wengert {

using detail::described;
using detail::leading_to;
using detail::Leaf;
using detail::node_of;
using detail::reached_from;
using detail::Recording;

namespace {

/// A forward and a backward pass in which nothing is computed, only counted. It follows Sweep
/// (backward.cpp), but frees a value as soon as nobody will read it any more.
class MemorySweep {
 public:
  MemorySweep(const Recording& tape, std::uint32_t loss);
  PeakMemory run();

 private:
  /// A checkpoint, or (the last one) the tape as a whole.
  struct Stretch {
    std::uint32_t begin;
    std::uint32_t end;
    std::size_t outer;
    std::vector<std::size_t> inner;  ///< the ones directly inside, in the order of recording
    bool computed = false;
  };

  void nest_checkpoints();
  void compute(Stretch& stretch);
  void pull_back(std::uint32_t node);
  void bring_back(std::uint32_t value);
  Stretch* inner_around(const Stretch& stretch, std::uint32_t node);

  template <class F>
  void for_each_read(std::uint32_t node, F&& f) const;
  template <class F>
  void for_each_op(const Stretch& stretch, F&& f) const;
  template <class F>
  void for_each_entry(const Stretch& stretch, F&& f) const;

  bool is_leaf(std::uint32_t node) const { return tape_.nodes[node].leaf != Leaf::no; }
  std::size_t bytes(std::uint32_t node) const {
    return tape_.shape(node).size() * size_of(tape_.nodes[node].dtype);
  }
  std::size_t leaf_bytes() const;
  void take(std::size_t amount);
  void hold(std::uint32_t value) {
    if (!alive_[value]) take(bytes(value));
    alive_[value] = true;
  }
  void free(std::uint32_t value) {
    if (alive_[value]) live_ -= bytes(value);
    alive_[value] = false;
  }
  void free_if_unread(std::uint32_t value) {
    if (readers_[value] == 0 && entries_[value] == 0) free(value);
  }

  const Recording& tape_;
  std::uint32_t loss_;
  std::vector<bool> leads_;
  std::vector<bool> reached_;
  std::vector<Stretch> stretches_;
  std::vector<bool> alive_;
  std::vector<bool> has_cotangent_;
  std::vector<std::uint32_t> readers_;  ///< reads of the value by pullbacks still to come
  std::vector<std::uint32_t> entries_;  ///< reads by checkpoints that may still be recomputed
  std::uint32_t next_;                  ///< no pullback after this one is still to come
  std::size_t live_ = 0;
  PeakMemory peak_{};
  DescribedNode at_{};
  PeakMemory::Phase phase_ = PeakMemory::Phase::forward;
};

MemorySweep::MemorySweep(const Recording& tape, std::uint32_t loss)
    : tape_(tape),
      loss_(loss),
      leads_(leading_to(tape, loss)),
      reached_(reached_from(tape, loss)),
      alive_(loss + 1, false),
      has_cotangent_(loss + 1, false),
      readers_(loss + 1, 0),
      entries_(loss + 1, 0),
      next_(loss) {
  nest_checkpoints();
  for (std::uint32_t node = 0; node <= loss; ++node)
    if (reached_[node]) for_each_read(node, [&](std::uint32_t value) { ++readers_[value]; });
}

PeakMemory MemorySweep::run() {
  peak_.leaves = leaf_bytes();
  take(peak_.leaves);
  compute(stretches_.back());
  peak_.kept = live_ - peak_.leaves;

  phase_ = PeakMemory::Phase::backward;
  at_.index = loss_;
  if (reached_[loss_]) {
    has_cotangent_[loss_] = true;
    take(bytes(loss_));
  }
  std::vector<std::size_t> ahead(stretches_.size());
  for (std::size_t i = 0; i < ahead.size(); ++i) ahead[i] = i;
  std::sort(ahead.begin(), ahead.end(), [&](std::size_t a, std::size_t b) {
    return stretches_[a].begin < stretches_[b].begin;
  });
  for (std::uint32_t node = loss_ + 1; node-- > 0;) {
    next_ = at_.index = node;
    if (has_cotangent_[node]) pull_back(node);
    for (; !ahead.empty() && stretches_[ahead.back()].begin == node; ahead.pop_back()) {
      const Stretch& passed = stretches_[ahead.back()];
      if (passed.computed || !stretches_[passed.outer].computed) continue;
      for_each_entry(passed, [&](std::uint32_t value) {
        --entries_[value];
        free_if_unread(value);
      });
    }
  }
  peak_.node = described(tape_, peak_.node.index);
  return peak_;
}

// The tape lists checkpoints by their ends, an inner one before its outer one.
void MemorySweep::nest_checkpoints() {
  std::vector<std::size_t> open;
  const auto enclose = [&](std::uint32_t begin, std::uint32_t end) {
    const std::size_t index = stretches_.size();
    Stretch stretch{begin, end, index, {}};
    auto first = open.end();
    while (first != open.begin() && stretches_[*(first - 1)].begin >= begin) --first;
    for (auto inner = first; inner != open.end(); ++inner) stretches_[*inner].outer = index;
    stretch.inner.assign(first, open.end());
    open.erase(first, open.end());
    open.push_back(index);
    stretches_.push_back(std::move(stretch));
  };
  for (const detail::Segment& segment : tape_.segments)
    if (segment.begin <= loss_) enclose(segment.begin, std::min(segment.end, loss_ + 1));
  enclose(0, loss_ + 1);
}

std::size_t MemorySweep::leaf_bytes() const {
  std::unordered_set<const void*> seen;
  std::size_t sum = 0;
  for (std::uint32_t node = 0; node <= loss_; ++node)
    if (leads_[node] && is_leaf(node) && seen.insert(tape_.nodes[node].value.address()).second)
      sum += bytes(node);
  return sum;
}

void MemorySweep::take(std::size_t amount) {
  live_ += amount;
  if (live_ <= peak_.bytes) return;
  peak_.bytes = live_;
  peak_.node.index = at_.index;
  peak_.phase = phase_;
}

/// Calls f(value) for what the pullback of `node` reads, twice for an input that is there twice.
template <class F>
void MemorySweep::for_each_read(std::uint32_t node, F&& f) const {
  const std::span<const std::uint32_t> inputs = tape_.inputs(node);
  Operand needed = Operand::none();
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (tape_.nodes[inputs[k]].tracked) needed = needed | Operand::input(k);
  if (!needed.any()) return;
  const Operand reads = tape_.nodes[node].op->reads(needed);
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (reads.has_input(k) && !is_leaf(inputs[k])) f(inputs[k]);
  if (reads.has_output()) f(node);
}

/// Calls f(node, checkpoint) for the ops of a stretch, with the checkpoint directly inside it that
/// the op is in, or null.
template <class F>
void MemorySweep::for_each_op(const Stretch& stretch, F&& f) const {
  auto inner = stretch.inner.begin();
  for (std::uint32_t node = stretch.begin; node < stretch.end; ++node) {
    while (inner != stretch.inner.end() && node >= stretches_[*inner].end) ++inner;
    if (!leads_[node] || is_leaf(node)) continue;
    const bool inside = inner != stretch.inner.end() && node >= stretches_[*inner].begin;
    f(node, inside ? &stretches_[*inner] : nullptr);
  }
}

/// Calls f(value) for each time an op of a checkpoint reads a value from outside.
template <class F>
void MemorySweep::for_each_entry(const Stretch& stretch, F&& f) const {
  for_each_op(stretch, [&](std::uint32_t node, const Stretch*) {
    for (const std::uint32_t input : tape_.inputs(node))
      if (input < stretch.begin && !is_leaf(input)) f(input);
  });
}

// Afterwards those values of the stretch are alive that pullbacks will read, except where both are
// in the same checkpoint further inside, and those that such a checkpoint starts from.
void MemorySweep::compute(Stretch& stretch) {
  const std::uint32_t begin = stretch.begin;
  std::vector<std::uint32_t> last_use(stretch.end - begin);
  std::vector<bool> kept(stretch.end - begin, false);
  const auto keep = [&](std::uint32_t value) {
    if (value >= begin) kept[value - begin] = true;
  };
  for_each_op(stretch, [&](std::uint32_t node, const Stretch* inside) {
    last_use[node - begin] = node;
    for (const std::uint32_t input : tape_.inputs(node))
      if (input >= begin) last_use[input - begin] = node;
    if (!reached_[node] || node > next_) return;
    for_each_read(node, [&](std::uint32_t value) {
      if (!inside || value < inside->begin) keep(value);
    });
  });
  for (const std::size_t index : stretch.inner) {
    if (stretches_[index].begin > next_) continue;
    for_each_entry(stretches_[index], [&](std::uint32_t value) {
      ++entries_[value];
      keep(value);
    });
  }
  stretch.computed = true;
  const bool again = phase_ == PeakMemory::Phase::backward;
  for_each_op(stretch, [&](std::uint32_t node, const Stretch*) {
    if (!again) at_.index = node;
    hold(node);
    if (last_use[node - begin] == node && !kept[node - begin]) free(node);
    for (const std::uint32_t input : tape_.inputs(node)) {
      if (is_leaf(input)) continue;
      if (input >= begin) {
        if (last_use[input - begin] == node && !kept[input - begin]) free(input);
      } else {
        --entries_[input];
        free_if_unread(input);
      }
    }
  });
}

void MemorySweep::pull_back(std::uint32_t node) {
  for_each_read(node, [&](std::uint32_t value) { bring_back(value); });
  for (const std::uint32_t input : tape_.inputs(node)) {
    if (!reached_[input] || has_cotangent_[input]) continue;
    has_cotangent_[input] = true;
    take(bytes(input));
  }
  if (!is_leaf(node)) live_ -= bytes(node);  // its cotangent; a leaf's is a result
  for_each_read(node, [&](std::uint32_t value) {
    --readers_[value];
    free_if_unread(value);
  });
}

// The outermost checkpoint around the value first.
void MemorySweep::bring_back(std::uint32_t value) {
  Stretch* around = &stretches_.back();
  while (!alive_[value] && (around = inner_around(*around, value)))
    if (!around->computed) compute(*around);
}

MemorySweep::Stretch* MemorySweep::inner_around(const Stretch& stretch, std::uint32_t node) {
  const auto inner =
      std::partition_point(stretch.inner.begin(), stretch.inner.end(),
                           [&](std::size_t index) { return stretches_[index].end <= node; });
  if (inner == stretch.inner.end() || stretches_[*inner].begin > node) return nullptr;
  return &stretches_[*inner];
}

}  // namespace

PeakMemory peak_memory(const Tape& tape, const Var& loss) {
  const std::uint32_t root = node_of("peak_memory", tape, loss);
  return MemorySweep(tape.recording(), root).run();
}

}  // namespace wengert
