// SPDX-License-Identifier: MIT
// Products of matrices. Either side may be taken transposed without a copy. Operands are f32 or
// f64. Errors: ShapeError if the inner dimensions differ; DTypeError if the dtypes differ.
#pragma once

#include "../graph/var.h"

namespace wengert {

struct Transposed {
  bool left = false;
  bool right = false;
};

/// a [..., m, k] b [..., k, n] -> [..., m, n]; leading axes broadcast. `{.left = true}` takes
/// a [..., k, m] transposed, `{.right = true}` takes b [..., n, k] transposed.
/// Errors: ShapeError also if an operand has rank below 2.
Var matmul(const Var& a, const Var& b, Transposed transposed = {});

/// x [..., in], weight [out, in], bias [out] -> x weight^T + bias, [..., out], in one pass; shared
/// weights gather their gradient in place.
Var linear(const Var& x, const Var& weight, const Var& bias);
/// The same without bias.
Var linear(const Var& x, const Var& weight);

/// a [n], b [n] -> sum a b, []
Var dot(const Var& a, const Var& b);
/// a [m], b [n] -> a b^T, [m, n]
Var outer(const Var& a, const Var& b);

}  // namespace wengert
