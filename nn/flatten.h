// SPDX-License-Identifier: MIT
// Images and sequences to rows.
#pragma once

#include "../ops/layout.h"

namespace wengert {

/// [n, a, b, ...] -> [n, a b ...], as torch.nn.Flatten; shares memory. `flatten` itself is the same
/// function. Errors: ShapeError for a scalar.
struct Flatten {
  Var operator()(const Var& x) const { return flatten(x); }
};

}  // namespace wengert
