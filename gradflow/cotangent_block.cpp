// SPDX-License-Identifier: MIT
#include "cotangent_block.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "../graph/error.h"
#include "log_norm.h"

namespace wengert::gradflow {

namespace {

/// Elements that one pass together may have at a node: the tape of a segment should stay in the
/// cache.
constexpr std::size_t together = 1 << 17;

std::span<const double> row_of(const std::vector<double>& values, std::int32_t slot,
                               std::size_t size) {
  return std::span(values).subspan(static_cast<std::size_t>(slot) * size, size);
}

double largest(std::span<const double> values) {
  double size = 0.0;
  for (const double value : values) size = std::max(size, std::abs(value));
  return size;
}

}  // namespace

CotangentBlock::CotangentBlock(const Timeline& timeline, std::size_t rows,
                               std::span<const std::uint32_t> targets, bool direct)
    : timeline_(timeline),
      direct_(direct),
      marked_(timeline.leading_from(targets, direct)),
      log_scale_(rows, 0.0) {}

void CotangentBlock::add(std::uint32_t node, std::size_t row, std::span<const double> values) {
  Held& held = waiting_[node];
  if (held.slot.empty()) {
    held.size = values.size();
    held.slot.assign(log_scale_.size(), -1);
  }
  if (held.slot[row] < 0) {
    held.slot[row] =
        static_cast<std::int32_t>(held.values.size() / std::max<std::size_t>(1, held.size));
    held.values.insert(held.values.end(), values.begin(), values.end());
    return;
  }
  double* to = held.values.data() + static_cast<std::size_t>(held.slot[row]) * held.size;
  for (std::size_t i = 0; i < values.size(); ++i) to[i] += values[i];
}

void CotangentBlock::seed(std::size_t row, std::uint32_t node, std::span<const double> cotangent) {
  add(node, row, cotangent);
}

void CotangentBlock::seed(std::size_t row, std::uint32_t node) {
  const double one = 1.0;
  add(node, row, std::span(&one, 1));
}

std::span<const double> CotangentBlock::at(std::uint32_t node, std::size_t row) const {
  const auto found = waiting_.find(node);
  if (found == waiting_.end() || found->second.slot[row] < 0) return {};
  return row_of(found->second.values, found->second.slot[row], found->second.size);
}

std::span<double> CotangentBlock::at(std::uint32_t node, std::size_t row) {
  const auto found = waiting_.find(node);
  if (found == waiting_.end() || found->second.slot[row] < 0) return {};
  Held& held = found->second;
  return std::span(held.values)
      .subspan(static_cast<std::size_t>(held.slot[row]) * held.size, held.size);
}

double CotangentBlock::log_norm(std::uint32_t node, std::size_t row) const {
  const std::span<const double> values = at(node, row);
  return gradflow::log_norm(values) + log_scale_[row];
}

std::vector<std::uint32_t> CotangentBlock::waiting() const {
  std::vector<std::uint32_t> nodes;
  for (const auto& [node, held] : waiting_) nodes.push_back(node);
  return nodes;
}

void CotangentBlock::pull(std::size_t segment) {
  std::vector<Output> outputs;
  const std::uint32_t begin = timeline_.begin_of(segment), end = timeline_.end_of(segment);
  for (auto held = waiting_.lower_bound(begin); held != waiting_.end() && held->first < end;) {
    outputs.push_back({held->first, std::move(held->second)});
    held = waiting_.erase(held);
  }
  // What cannot lead to a target is done with.
  std::erase_if(outputs, [&](const Output& output) { return !marked_[output.node]; });
  if (outputs.empty()) return;
  const SegmentTape tape(timeline_, segment, marked_, 1, direct_);
  std::vector<std::size_t> many;
  for (std::size_t row = 0; row < log_scale_.size(); ++row) {
    bool here = false, from_scalars = true;
    for (const Output& output : outputs) {
      if (output.held.slot[row] < 0) continue;
      here = true;
      from_scalars = from_scalars && output.held.size == 1;
    }
    if (!here) continue;
    // A row begins at a loss; only few rows begin in one segment, and scalars have no batch to
    // repeat.
    if (from_scalars) deliver(segment, tape, row, pull_row(tape, outputs, row));
    else many.push_back(row);
  }
  if (many.size() > 4 && pull_together(segment, tape, outputs, many)) {
    rescale(tape);
    return;
  }
  if (many.size() > 4) ++row_by_row_;
  for (const std::size_t row : many) deliver(segment, tape, row, pull_row(tape, outputs, row));
  rescale(tape);
}

void CotangentBlock::deliver(std::size_t segment, const SegmentTape& tape, std::size_t row,
                             const std::vector<Tensor>& pulled) {
  for (std::size_t k = 0; k < pulled.size(); ++k) {
    if (!pulled[k].defined()) continue;
    const std::uint32_t node = tape.entries()[k].node;
    if (!timeline_.op(node)) {
      if (on_leaf) on_leaf(segment, row, node, pulled[k]);
    } else {
      add(node, row, pulled[k].data<double>());
    }
  }
}

std::vector<Tensor> CotangentBlock::pull_row(const SegmentTape& tape,
                                             const std::vector<Output>& outputs,
                                             std::size_t row) const {
  std::vector<Var> ys, cotangents;
  for (const Output& output : outputs) {
    if (output.held.slot[row] < 0) continue;
    ys.push_back(tape.at(output.node));
    cotangents.emplace_back(Tensor::from(
        row_of(output.held.values, output.held.slot[row], output.held.size), ys.back().shape()));
  }
  return tape.pull(ys, cotangents);
}

bool CotangentBlock::pull_together(std::size_t segment, const SegmentTape& single,
                                   const std::vector<Output>& outputs,
                                   std::span<const std::size_t> rows) {
  std::size_t widest = 1;
  for (const Output& output : outputs) widest = std::max(widest, output.held.size);
  const std::size_t copies = std::min(rows.size(), std::max<std::size_t>(1, together / widest));
  if (copies < 4) return false;
  std::optional<SegmentTape> tape;
  try {
    tape.emplace(timeline_, segment, marked_, copies, direct_);
  } catch (const ShapeError&) {
    return false;
  }
  // The samples may see each other in ways that shapes do not show: one row is pulled both ways.
  const std::vector<Tensor> witness = pull_row(single, outputs, rows[0]);
  for (std::size_t first = 0; first < rows.size(); first += copies) {
    const std::span<const std::size_t> now =
        rows.subspan(first, std::min(copies, rows.size() - first));
    std::vector<Var> ys, cotangents;
    for (const Output& output : outputs) {
      if (!output.held.values.empty() && output.held.size == 1 &&
          tape->at(output.node).size() != copies)
        return false;
      ys.push_back(tape->at(output.node));
      Tensor cotangent = zeros(ys.back().shape(), f64);
      const std::span<double> to = cotangent.mutable_data<double>();
      for (std::size_t k = 0; k < now.size(); ++k)
        if (output.held.slot[now[k]] >= 0)
          std::ranges::copy(row_of(output.held.values, output.held.slot[now[k]], output.held.size),
                            to.begin() + static_cast<std::ptrdiff_t>(k * output.held.size));
      cotangents.emplace_back(std::move(cotangent));
    }
    const std::vector<Tensor> pulled = tape->pull(ys, cotangents);
    const auto part = [&](std::size_t entry, std::size_t k) {
      const std::span<const double> all = pulled[entry].data<double>();
      const std::size_t size = all.size() / copies;
      return all.subspan(k * size, size);
    };
    if (first == 0) {
      for (std::size_t entry = 0; entry < pulled.size(); ++entry) {
        if (pulled[entry].defined() != witness[entry].defined()) return false;
        if (!pulled[entry].defined()) continue;
        const std::span<const double> one = witness[entry].data<double>();
        const double size = largest(one);
        const std::span<const double> other = part(entry, 0);
        for (std::size_t i = 0; i < one.size(); ++i)
          if (!(std::abs(one[i] - other[i]) <= 1e-11 * size)) return false;
      }
    }
    for (std::size_t entry = 0; entry < pulled.size(); ++entry) {
      if (!pulled[entry].defined()) continue;
      const std::uint32_t node = tape->entries()[entry].node;
      for (std::size_t k = 0; k < now.size(); ++k) {
        if (timeline_.op(node)) add(node, now[k], part(entry, k));
        else if (on_leaf)
          on_leaf(segment, now[k], node,
                  Tensor::from(part(entry, k), timeline_.value(node).shape()));
      }
    }
  }
  return true;
}

// Numbers stay within 1e-100 and 1e100; powers of two change no digit.
void CotangentBlock::rescale(const SegmentTape& tape) {
  for (std::size_t row = 0; row < log_scale_.size(); ++row) {
    double size = 0.0;
    for (const SegmentTape::Entry& entry : tape.entries())
      size = std::max(size, largest(std::as_const(*this).at(entry.node, row)));
    if (size == 0.0 || (size > 1e-100 && size < 1e100)) continue;
    // Only now what waits elsewhere is looked at.
    for (const auto& [node, held] : waiting_)
      size = std::max(size, largest(std::as_const(*this).at(node, row)));
    if (size > 1e-100 && size < 1e100) continue;
    const int exponent = std::ilogb(size);
    log_scale_[row] += exponent * std::log(2.0);
    for (const auto& [node, held] : waiting_)
      for (double& value : at(node, row)) value = std::scalbn(value, -exponent);
  }
}

}  // namespace wengert::gradflow
