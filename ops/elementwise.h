// SPDX-License-Identifier: MIT
// Elementary functions, element by element. Operands and results are f32 or f64 of any shape.
// Errors: DTypeError for i64.
#pragma once

#include "../graph/var.h"

namespace wengert {

/// |x|; the derivative at 0 is 0
Var abs(const Var& x);
/// -1, 0 or 1; the derivative is 0
Var sign(const Var& x);
/// e^x
Var exp(const Var& x);
/// e^x - 1, exact near 0
Var expm1(const Var& x);
/// ln x
Var log(const Var& x);
/// ln(1 + x), exact near 0
Var log1p(const Var& x);
/// x^(1/2)
Var sqrt(const Var& x);
/// x^(-1/2)
Var rsqrt(const Var& x);
/// x^2
Var square(const Var& x);
/// 1 / x
Var reciprocal(const Var& x);
/// sin x, x in radians
Var sin(const Var& x);
/// cos x, x in radians
Var cos(const Var& x);
/// 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x
Var erf(const Var& x);
/// x held within [low, high]; the derivative is 1 inside and at the bounds, 0 outside.
/// Errors: ValueError if low > high.
Var clamp(const Var& x, double low, double high);

}  // namespace wengert
