// SPDX-License-Identifier: MIT
// What the cells share: sizes checked, the state to begin with, weights of several gates.
#pragma once

#include <cstddef>

#include "../../graph/parameter.h"
#include "../../graph/rng.h"
#include "../../graph/var.h"
#include "../init.h"

namespace wengert::detail {

/// Errors: ValueError naming the cell if a size is 0.
void require_sizes(const char* cell, std::size_t in, std::size_t n);
/// Errors: ShapeError naming the cell and the parameter unless the last axis of `value`, which is
/// called `what` (x or a state), is as long as the weight's.
void require_width(const char* cell, const char* what, const Var& value, const Parameter& weight);
/// Zeros [batch of x, n] in the weights' dtype: x may be what a layer below is given, tokens say.
/// Errors: ShapeError if x is a scalar.
Var zero_state(const char* cell, const Var& x, std::size_t n, DType dtype);
/// sigmoid(x), in a place of this name: reports say which gate they speak of.
Var gate(const char* name, const Var& x);
/// The initialiser's values for `gates` matrices [n, in], one below the other.
Tensor for_each_gate(std::size_t gates, std::size_t n, std::size_t in,
                     const init::Initializer& initializer, Rng& rng);

}  // namespace wengert::detail
