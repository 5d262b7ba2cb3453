// SPDX-License-Identifier: MIT
// Reductions over any axes. Without axes everything is reduced, to a scalar; `keep_axes` leaves the
// reduced axes with extent 1, so that the result broadcasts against the operand.
// Errors of all: ShapeError if an axis is outside or named twice; DTypeError for i64; ShapeError if
// a reduction that needs at least one element has none.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "../graph/var.h"

namespace wengert {

/// Axes to reduce; negative ones count from the end; none named means all.
class Axes {
 public:
  Axes() = default;
  template <std::integral T>
  Axes(T axis) : axes_{static_cast<std::int64_t>(axis)}, count_(1) {}
  Axes(std::initializer_list<std::int64_t> axes);

  /// Bit i is set if axis i of a value of this rank is reduced.
  std::uint32_t mask(const char* op, std::size_t rank) const;

 private:
  std::array<std::int64_t, Shape::max_rank> axes_{};
  std::size_t count_ = 0;
};

enum class Keep : bool { no, yes };
inline constexpr Keep keep_axes = Keep::yes;

/// sum of x; 0 if there is nothing to sum
Var sum(const Var& x, Axes axes = {}, Keep keep = Keep::no);
/// sum / count
Var mean(const Var& x, Axes axes = {}, Keep keep = Keep::no);
/// The largest element; equal ones share the gradient evenly. NaN wins.
Var max(const Var& x, Axes axes = {}, Keep keep = Keep::no);
/// The smallest element; equal ones share the gradient evenly. NaN wins.
Var min(const Var& x, Axes axes = {}, Keep keep = Keep::no);
/// sum (x - mean)^2 / (count - correction); correction 1 gives the unbiased estimate.
/// Errors: ValueError if count <= correction.
Var var(const Var& x, Axes axes = {}, Keep keep = Keep::no, int correction = 0);
/// sqrt(var); the derivative where all elements are equal is 0
Var std(const Var& x, Axes axes = {}, Keep keep = Keep::no, int correction = 0);
/// ln sum e^x, without overflow
Var logsumexp(const Var& x, Axes axes = {}, Keep keep = Keep::no);
/// sqrt(sum x^2); the derivative at 0 is 0
Var norm(const Var& x, Axes axes = {}, Keep keep = Keep::no);

/// Index of the first largest (smallest) element along `axis`, as i64 without that axis; NaN counts
/// as largest (smallest). Carries no gradient.
Var argmax(const Var& x, std::int64_t axis = -1);
Var argmin(const Var& x, std::int64_t axis = -1);

}  // namespace wengert
