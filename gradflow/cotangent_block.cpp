// SPDX-License-Identifier: MIT
#include "cotangent_block.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "../graph/error.h"
#include "scaled_sum.h"

namespace wengert::gradflow {

namespace {

/// Elements that one pass together may have at a node: the tape of a segment should stay in the
/// cache.
constexpr std::size_t together = 1 << 17;
/// Fewer rows than this are pulled one after the other.
constexpr std::size_t few = 4;
/// Numbers that differ by more than this power of two are pulled apart; otherwise the smaller would
/// come near the end of the range.
constexpr std::int64_t one_scale = 340;

Tensor cotangent_of(std::span<const double> values, std::int64_t shift, const Shape& shape) {
  Tensor result = Tensor::from(values, shape);
  if (shift != 0)
    for (double& value : result.mutable_data<double>()) value = scaled(value, shift);
  return result;
}

bool close(std::span<const double> one, std::span<const double> other) {
  const double size = largest_magnitude(one);
  for (std::size_t i = 0; i < one.size(); ++i)
    if (!(std::abs(one[i] - other[i]) <= 1e-11 * size)) return false;
  return true;
}

}  // namespace

CotangentBlock::CotangentBlock(const Timeline& timeline, std::size_t rows,
                               std::span<const std::uint32_t> targets, bool direct)
    : timeline_(timeline), range_(timeline, targets, direct), rows_(rows) {}

std::span<double> CotangentBlock::Held::of(std::size_t row) {
  if (slot[row] < 0) return {};
  return std::span(values).subspan(static_cast<std::size_t>(slot[row]) * size, size);
}
std::span<const double> CotangentBlock::Held::of(std::size_t row) const {
  if (slot[row] < 0) return {};
  return std::span(values).subspan(static_cast<std::size_t>(slot[row]) * size, size);
}

CotangentBlock::Held& CotangentBlock::held_at(std::uint32_t node, std::size_t size) {
  Held& held = waiting_[node];
  if (held.slot.empty()) {
    held.size = size;
    held.slot.assign(rows_, -1);
  }
  return held;
}

void CotangentBlock::add(std::uint32_t node, std::size_t row, std::span<const double> values,
                         std::int64_t exponent) {
  Held& held = held_at(node, values.size());
  if (held.slot[row] >= 0) {
    add_scaled(held.of(row), held.exponent[static_cast<std::size_t>(held.slot[row])], values,
               exponent);
    return;
  }
  held.slot[row] = static_cast<std::int32_t>(held.exponent.size());
  held.exponent.push_back(exponent);
  held.values.insert(held.values.end(), values.begin(), values.end());
}

void CotangentBlock::replace(std::uint32_t node, std::size_t row, std::span<const double> values) {
  Held& held = held_at(node, values.size());
  if (held.slot[row] < 0) {
    add(node, row, values, 0);
  } else {
    std::ranges::copy(values, held.of(row).begin());
    held.exponent[static_cast<std::size_t>(held.slot[row])] = 0;
  }
}

void CotangentBlock::seed(std::size_t row, std::uint32_t node, std::span<const double> cotangent) {
  add(node, row, cotangent, 0);
}

void CotangentBlock::seed(std::size_t row, std::uint32_t node) {
  const double one = 1.0;
  add(node, row, std::span(&one, 1), 0);
}

std::span<const double> CotangentBlock::at(std::uint32_t node, std::size_t row) const {
  const auto found = waiting_.find(node);
  return found == waiting_.end() ? std::span<const double>() : found->second.of(row);
}

std::int64_t CotangentBlock::exponent(std::uint32_t node, std::size_t row) const {
  const auto found = waiting_.find(node);
  if (found == waiting_.end() || found->second.slot[row] < 0) return 0;
  return found->second.exponent_of(row);
}

double CotangentBlock::log_norm(std::uint32_t node, std::size_t row) const {
  return gradflow::log_norm(at(node, row), exponent(node, row));
}

std::vector<std::uint32_t> CotangentBlock::waiting(std::uint32_t last) const {
  std::vector<std::uint32_t> nodes;
  for (const auto& [node, held] : waiting_)
    if (node <= last) nodes.push_back(node);
  return nodes;
}

std::vector<CotangentBlock::Output> CotangentBlock::taken(std::size_t segment) {
  std::vector<Output> outputs;
  const std::uint32_t begin = timeline_.begin_of(segment), end = timeline_.end_of(segment);
  for (auto held = waiting_.lower_bound(begin); held != waiting_.end() && held->first < end;) {
    const std::uint32_t node = held->first;
    if (range_.marked[node] && !range_.ends[node]) {
      outputs.push_back({node, std::move(held->second)});
    } else if (range_.ends[node]) {
      if (on_target)
        for (std::size_t row = 0; row < rows_; ++row)
          if (held->second.slot[row] >= 0)
            on_target(row, node, held->second.of(row), held->second.exponent_of(row));
      if (!on_target) {
        ++held;
        continue;
      }
    }
    // What cannot lead to a target is done with.
    held = waiting_.erase(held);
  }
  return outputs;
}

bool CotangentBlock::batched(const Output& output) const {
  return timeline_.value(output.node).rank() >= 2;
}

void CotangentBlock::pull(std::size_t segment) {
  const std::vector<Output> outputs = taken(segment);
  if (outputs.empty()) return;
  // A loss has no batch to repeat; rows of one are pulled singly, and few begin in one segment.
  std::vector<Task> single, many;
  for (std::size_t row = 0; row < rows_; ++row)
    for (const bool batch : {false, true}) {
      std::vector<std::size_t> left;
      for (std::size_t k = 0; k < outputs.size(); ++k)
        if (outputs[k].held.slot[row] >= 0 && batched(outputs[k]) == batch) left.push_back(k);
      while (!left.empty()) {
        Task task{row, std::numeric_limits<std::int64_t>::min(), {}};
        for (const std::size_t k : left)
          task.exponent = std::max(task.exponent, outputs[k].held.exponent_of(row));
        std::erase_if(left, [&](std::size_t k) {
          if (outputs[k].held.exponent_of(row) < task.exponent - one_scale) return false;
          task.outputs.push_back(k);
          return true;
        });
        (batch ? many : single).push_back(std::move(task));
      }
    }
  std::vector<std::uint32_t> nodes;
  for (const Output& output : outputs) nodes.push_back(output.node);
  const SegmentTape tape(timeline_, segment, range_, nodes, on_target != nullptr);
  for (const Task& task : single) pull_one(tape, outputs, task);
  const bool worthwhile = many.size() > few;
  if (!worthwhile || !pull_together(segment, tape, outputs, many)) {
    if (worthwhile) ++row_by_row_;
    for (const Task& task : many) pull_one(tape, outputs, task);
  }
  normalise(tape);
}

void CotangentBlock::deliver(const SegmentTape::Entry& entry, const Task& task,
                             std::span<const double> part) {
  const bool here = range_.targets[entry.node] && (entry.own || range_.ends[entry.node]);
  if (on_target && here) on_target(task.row, entry.node, part, task.exponent);
  else if (!entry.own || range_.ends[entry.node]) add(entry.node, task.row, part, task.exponent);
}

void CotangentBlock::pull_one(const SegmentTape& tape, const std::vector<Output>& outputs,
                              const Task& task) {
  std::vector<Var> ys, cotangents;
  for (const std::size_t k : task.outputs) {
    ys.push_back(tape.at(outputs[k].node));
    cotangents.emplace_back(cotangent_of(outputs[k].held.of(task.row),
                                         outputs[k].held.exponent_of(task.row) - task.exponent,
                                         ys.back().shape()));
  }
  const std::vector<Tensor> pulled = tape.pull(ys, cotangents);
  for (std::size_t k = 0; k < pulled.size(); ++k)
    if (pulled[k].defined()) deliver(tape.entries()[k], task, pulled[k].data<double>());
}

bool CotangentBlock::pull_together(std::size_t segment, const SegmentTape& single,
                                   const std::vector<Output>& outputs,
                                   std::span<const Task> tasks) {
  std::size_t widest = 1;
  std::vector<std::uint32_t> nodes;
  for (const Output& output : outputs) {
    if (!batched(output)) continue;
    widest = std::max(widest, output.held.size);
    nodes.push_back(output.node);
  }
  const std::size_t copies = std::min(tasks.size(), std::max<std::size_t>(1, together / widest));
  if (copies < few) return false;
  std::optional<SegmentTape> tape;
  try {
    tape.emplace(timeline_, segment, range_, nodes, on_target != nullptr, copies);
  } catch (const Error&) {
    return false;
  }
  const auto cotangents_of = [&](std::span<const Task> now, std::size_t all, const auto& on) {
    std::vector<Var> cotangents;
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      if (!batched(outputs[k])) continue;
      Tensor cotangent = zeros(on.at(outputs[k].node).shape(), f64);
      const std::span<double> to = cotangent.template mutable_data<double>();
      const std::size_t size = to.size() / all;
      for (std::size_t i = 0; i < now.size(); ++i) {
        if (std::ranges::find(now[i].outputs, k) == now[i].outputs.end()) continue;
        const std::span<const double> from = outputs[k].held.of(now[i].row);
        const std::int64_t shift = outputs[k].held.exponent_of(now[i].row) - now[i].exponent;
        for (std::size_t j = 0; j < size; ++j)
          to[i * size + j] = shift == 0 ? from[j] : scaled(from[j], shift);
      }
      cotangents.emplace_back(std::move(cotangent));
    }
    return cotangents;
  };
  const auto outputs_of = [&](const SegmentTape& on) {
    std::vector<Var> ys;
    for (const std::uint32_t node : nodes) ys.push_back(on.at(node));
    return ys;
  };
  for (std::size_t first = 0; first < tasks.size(); first += copies) {
    const std::span<const Task> now = tasks.subspan(first, std::min(copies, tasks.size() - first));
    const std::vector<Tensor> pulled =
        tape->pull(outputs_of(*tape), cotangents_of(now, copies, *tape));
    const auto part = [&](std::size_t entry, std::size_t i) {
      const std::span<const double> all = pulled[entry].data<double>();
      const std::size_t size = all.size() / copies;
      return all.subspan(i * size, size);
    };
    // The samples may see each other in ways that shapes do not show: the first row and the last
    // are pulled both ways.
    for (const std::size_t i : {std::size_t{0}, now.size() - 1}) {
      if (first > 0) break;
      const std::vector<Tensor> witness =
          single.pull(outputs_of(single), cotangents_of(now.subspan(i, 1), 1, single));
      for (std::size_t entry = 0; entry < pulled.size(); ++entry) {
        const std::size_t own = single.entry_of(tape->entries()[entry].node);
        if (pulled[entry].defined() != witness[own].defined()) return false;
        if (pulled[entry].defined() && !close(witness[own].data<double>(), part(entry, i)))
          return false;
      }
    }
    for (std::size_t entry = 0; entry < pulled.size(); ++entry)
      for (std::size_t i = 0; pulled[entry].defined() && i < now.size(); ++i)
        deliver(tape->entries()[entry], now[i], part(entry, i));
  }
  return true;
}

// Numbers stay within 1e-100 and 1e100, each vector by itself: where two ways end at different
// rates, the smaller one keeps its digits.
void CotangentBlock::normalise(const SegmentTape& tape) {
  for (const SegmentTape::Entry& entry : tape.entries()) {
    const auto found = waiting_.find(entry.node);
    if (found == waiting_.end()) continue;
    for (std::size_t row = 0; row < rows_; ++row)
      if (const std::int32_t slot = found->second.slot[row]; slot >= 0)
        gradflow::normalise(found->second.of(row),
                            found->second.exponent[static_cast<std::size_t>(slot)]);
  }
}

}  // namespace wengert::gradflow
