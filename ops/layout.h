// SPDX-License-Identifier: MIT
// Where elements are, not what they are: shapes, axes, pieces and joining them. All take f32, f64
// and i64. An axis or index below 0 counts from the end. Lookup by a tensor of indices is in
// indexing.h.
// Errors: ShapeError if an axis is outside the shape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "../graph/var.h"

namespace wengert {

// reshape(x, shape) and broadcast_to(x, shape) are declared in graph/var.h.

/// The same elements in row-major order; one extent may be -1 (inferred). Shares memory.
/// Errors: ShapeError if the number of elements differs.
Var reshape(const Var& x, std::initializer_list<Extent> extents);
/// [n, a, b, ...] -> [n, a b ...]. Shares memory. Errors: ShapeError for a scalar.
Var flatten(const Var& x);
/// Puts an axis of extent 1 where `axis` will be. Shares memory.
Var unsqueeze(const Var& x, std::int64_t axis);
/// Drops an axis of extent 1. Shares memory. Errors: ShapeError if the extent is another.
Var squeeze(const Var& x, std::int64_t axis);

/// [..., a, b] -> [..., b, a]. Errors: ShapeError for rank 0 and 1.
Var transpose(const Var& x);
/// Swaps two axes.
Var transpose(const Var& x, std::int64_t axis_a, std::int64_t axis_b);
/// Axis k of the result is axis axes[k] of x. Errors: ShapeError if `axes` does not name every axis
/// once.
Var permute(const Var& x, std::initializer_list<Extent> axes);
Var permute(const Var& x, std::span<const std::int64_t> axes);

/// Entries begin, begin + step, ... before `end` along `axis`. Along the leading axis with step 1
/// it shares memory. Errors: ShapeError if begin or end is outside, or end lies before begin;
/// ValueError if step < 1 (see flip).
Var slice(const Var& x, std::int64_t axis, std::int64_t begin, std::int64_t end,
          std::int64_t step = 1);
/// Entry `index` along `axis`, without that axis; the leading axis shares memory.
/// Errors: ShapeError if the index is outside.
Var select(const Var& x, std::int64_t axis, std::int64_t index);
/// Equal pieces in order along `axis`. Errors: ShapeError if the extent does not divide, ValueError
/// for no parts.
std::vector<Var> split(const Var& x, std::size_t parts, std::int64_t axis);
/// Pieces of these sizes. Errors: ShapeError if they do not add up to the extent.
std::vector<Var> split(const Var& x, std::initializer_list<std::size_t> sizes, std::int64_t axis);
std::vector<Var> split(const Var& x, std::span<const std::size_t> sizes, std::int64_t axis);

/// Side by side along an axis they have: [2, 3] and [2, 4] along axis 1 are [2, 7].
/// Errors: ShapeError if other axes differ, DTypeError if the dtypes do, ValueError for no values.
Var concat(std::span<const Var> values, std::int64_t axis);
Var concat(std::initializer_list<Var> values, std::int64_t axis);
/// Side by side along a new axis: three of [2, 4] along axis 0 are [3, 2, 4].
/// Errors: as concat.
Var stack(std::span<const Var> values, std::int64_t axis = 0);
Var stack(std::initializer_list<Var> values, std::int64_t axis = 0);

/// How many entries to put before and after those of one axis.
struct Padding {
  Extent before;
  Extent after;
};
/// Surrounds x with `value`; one Padding an axis: `pad(x, {{0, 0}, {1, 1}})`.
/// Errors: ShapeError if their number is not the rank, ValueError if one is negative.
Var pad(const Var& x, std::initializer_list<Padding> widths, double value = 0.0);
Var pad(const Var& x, std::span<const Padding> widths, double value = 0.0);
/// Turns these axes round. Errors: ShapeError if one is named twice.
Var flip(const Var& x, std::initializer_list<Extent> axes);
Var flip(const Var& x, std::span<const std::int64_t> axes);

/// x_ij where j - i <= diagonal, else 0; i, j on the last two axes. Errors: ShapeError below
/// rank 2.
Var tril(const Var& x, std::int64_t diagonal = 0);
/// x_ij where j - i >= diagonal, else 0; i, j on the last two axes. Errors: ShapeError below
/// rank 2.
Var triu(const Var& x, std::int64_t diagonal = 0);

}  // namespace wengert
