// SPDX-License-Identifier: MIT
#include "broadcast.h"

#include <algorithm>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::detail {

Shape broadcast_shape(std::string_view op, const Shape& a, const Shape& b) {
  if (a == b) return a;
  Shape result;
  const std::size_t rank = std::max(a.rank(), b.rank());
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const std::size_t from_end = rank - axis;
    const std::size_t left = from_end > a.rank() ? 1 : a[a.rank() - from_end];
    const std::size_t right = from_end > b.rank() ? 1 : b[b.rank() - from_end];
    if (left != right && left != 1 && right != 1)
      throw ShapeError(
          fmt::format("{}: shapes do not broadcast: {} and {}", op, to_string(a), to_string(b)));
    result.append(left == 1 ? right : left);
  }
  return result;
}

BroadcastLoop::BroadcastLoop(const Shape& out, std::span<const Shape* const> operands)
    : count_(operands.size()) {
  // Innermost axis first; an axis joins the one inside it if every operand walks through both as
  // through one.
  struct Axis {
    std::size_t extent;
    std::array<std::size_t, most_operands> stride;
  };
  std::array<Axis, Shape::max_rank> axes;
  std::size_t rank = 0;
  std::array<std::size_t, most_operands> walked;
  walked.fill(1);
  for (std::size_t from_end = 1; from_end <= out.rank(); ++from_end) {
    const std::size_t extent = out[out.rank() - from_end];
    Axis axis{extent, {}};
    for (std::size_t k = 0; k < count_; ++k) {
      const Shape& shape = *operands[k];
      const std::size_t own = from_end > shape.rank() ? 1 : shape[shape.rank() - from_end];
      axis.stride[k] = own == 1 ? 0 : walked[k];
      walked[k] *= own;
    }
    if (extent == 1) continue;
    bool joins = rank > 0;
    for (std::size_t k = 0; k < count_ && joins; ++k)
      joins = axis.stride[k] == axes[rank - 1].stride[k] * axes[rank - 1].extent;
    if (joins) {
      axes[rank - 1].extent *= extent;
    } else {
      axes[rank++] = axis;
    }
  }
  if (rank > 0) {
    run_length_ = axes[0].extent;
    run_step_ = axes[0].stride;
    outer_rank_ = rank - 1;
  }
  for (std::size_t i = 0; i < outer_rank_; ++i) {
    extent_[i] = axes[rank - 1 - i].extent;
    stride_[i] = axes[rank - 1 - i].stride;
    runs_ *= extent_[i];
  }
  if (run_length_ == 0) runs_ = 0;
}

}  // namespace wengert::detail
