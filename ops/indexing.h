// SPDX-License-Identifier: MIT
// Lookup by a tensor of indices, and its adjoint, which adds. Values are f32, f64 or i64, indices
// i64 and counted from 0; repeated indices are added up one after the other, in row-major order.
// Errors: DTypeError if indices are not i64; ShapeError if an axis is outside the shape.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../graph/var.h"

namespace wengert {

/// Entries of x along `axis`, in the order of `indices`, which may have any rank:
/// x.shape[:axis] + indices.shape + x.shape[axis + 1:], y[i.., k.., j..] = x[i.., indices[k..],
/// j..]. Errors: ValueError if an index is outside the axis.
Var take(const Var& x, const Var& indices, std::int64_t axis = 0);

/// One entry of x for every index, y[i, j] = x[i, indices[i, j]] along axis 1 of two. `indices` has
/// x's rank and, on the other axes, at most x's extents; the result has the shape of `indices`.
/// Errors: ShapeError if `indices` does not fit x, ValueError if an index is outside the axis.
Var gather(const Var& x, const Var& indices, std::int64_t axis);

/// The adjoint of gather: zeros of `shape` to which every value is added where gather would have
/// read it. `values` has the shape of `indices`.
/// Errors: ShapeError if they do not fit each other or `shape`, ValueError if an index is outside.
Var scatter_add(const Var& values, const Var& indices, std::int64_t axis, const Shape& shape);

/// [...] -> [..., classes]: 1 at the label, else 0; carries no gradient.
/// Errors: ValueError if a label is outside [0, classes).
Var one_hot(const Var& labels, std::size_t classes, DType dtype = f32);

}  // namespace wengert
