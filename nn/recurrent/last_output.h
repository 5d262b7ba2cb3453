// SPDX-License-Identifier: MIT
// The output of each sequence at its own end.
#pragma once

#include <span>

#include "../../graph/tensor.h"
#include "../../graph/var.h"

namespace wengert {

/// ys[t] at every sequence's last real step, [batch, ...]; without a mask ys.back().
/// Errors: ValueError for no steps or a mask that is none; ShapeError if it is of another shape.
Var last_output(std::span<const Var> ys, const Tensor& mask = {});

}  // namespace wengert
