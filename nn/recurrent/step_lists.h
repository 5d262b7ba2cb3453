// SPDX-License-Identifier: MIT
// Lists of values, one a time step: made of a whole sequence, and what of them is a sequence's end.
#pragma once

#include <span>
#include <vector>

#include "../../graph/tensor.h"
#include "../../graph/var.h"

namespace wengert {

/// x [T, batch, ...] as T values [batch, ...]. Errors: ShapeError below rank 2, ValueError for no
/// steps.
std::vector<Var> list_of_steps(const Var& x);

/// ys[t] at every sequence's last real step, [batch, ...]; without a mask ys.back().
/// Errors: ValueError for no steps or a mask that is none; ShapeError if it is of another shape.
Var last_output(std::span<const Var> ys, const Tensor& mask = {});

}  // namespace wengert
