// SPDX-License-Identifier: MIT
// Numpy broadcasting as a loop plan: runs along which every operand either moves by one element or
// stands still, with axes merged as far as the shapes allow.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "../graph/shape.h"
#include "../graph/tensor.h"

namespace wengert::detail {

/// The common shape. Errors: ShapeError naming `op` and both shapes.
Shape broadcast_shape(std::string_view op, const Shape& a, const Shape& b);

/// Walks `out` in order; operand k is at `offset[k]` and moves by `step[k]` (0 or 1) inside a run.
class BroadcastLoop {
 public:
  static constexpr std::size_t most_operands = 6;

  BroadcastLoop(const Shape& out, std::span<const Shape* const> operands);

  std::size_t run_length() const { return run_length_; }
  bool moves(std::size_t operand) const { return run_step_[operand] != 0; }

  /// Calls f(offset in out, offsets of the operands) once a run.
  template <class F>
  void for_each_run(F f) const {
    std::array<std::size_t, most_operands> offsets{};
    std::array<std::size_t, Shape::max_rank> index{};
    for (std::size_t out = 0, run = 0; run < runs_; ++run, out += run_length_) {
      f(out, offsets);
      for (std::size_t axis = outer_rank_; axis-- > 0;) {
        for (std::size_t k = 0; k < count_; ++k) offsets[k] += stride_[axis][k];
        if (++index[axis] < extent_[axis]) break;
        index[axis] = 0;
        for (std::size_t k = 0; k < count_; ++k) offsets[k] -= stride_[axis][k] * extent_[axis];
      }
    }
  }

 private:
  std::size_t count_;
  std::size_t run_length_ = 1;
  std::size_t runs_ = 1;
  std::size_t outer_rank_ = 0;
  std::array<std::size_t, most_operands> run_step_{};
  std::array<std::size_t, Shape::max_rank> extent_{};
  std::array<std::array<std::size_t, most_operands>, Shape::max_rank> stride_{};
};

}  // namespace wengert::detail
