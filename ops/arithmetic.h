// SPDX-License-Identifier: MIT
// Arithmetic on Vars with numpy broadcasting, and comparisons. Operands are f32 or f64, both the
// same (comparisons take i64 too). A plain number stands on either side of + - * /, pow, maximum,
// minimum and the named comparisons, on the right of < <= > >=, and for one choice of where; it
// takes the other operand's dtype. Errors: ShapeError if the shapes do not broadcast; DTypeError if
// the dtypes differ.
#pragma once

#include "../graph/var.h"

namespace wengert {

/// a + b
Var add(const Var& a, const Var& b);
/// a - b
Var sub(const Var& a, const Var& b);
/// a b, element by element
Var mul(const Var& a, const Var& b);
/// a / b
Var div(const Var& a, const Var& b);
/// The larger of each pair; on a tie each gets half of the gradient. NaN wins.
Var maximum(const Var& a, const Var& b);
Var maximum(const Var& a, double b);
Var maximum(double a, const Var& b);
/// The smaller of each pair; on a tie each gets half of the gradient. NaN wins.
Var minimum(const Var& a, const Var& b);
Var minimum(const Var& a, double b);
Var minimum(double a, const Var& b);
/// a^b; the derivative by b is that of a > 0.
Var pow(const Var& a, const Var& b);
/// x^exponent
Var pow(const Var& x, double exponent);
/// base^x
Var pow(double base, const Var& x);
/// -x
Var neg(const Var& x);
/// (a - b)^2 in one pass
Var squared_difference(const Var& a, const Var& b);

/// 1 where true, else 0, in the operands' dtype; carries no gradient.
Var equal(const Var& a, const Var& b);
Var equal(const Var& a, double b);
Var equal(double a, const Var& b);
Var not_equal(const Var& a, const Var& b);
Var not_equal(const Var& a, double b);
Var not_equal(double a, const Var& b);
Var less(const Var& a, const Var& b);
Var less(const Var& a, double b);
Var less(double a, const Var& b);
Var less_equal(const Var& a, const Var& b);
Var less_equal(const Var& a, double b);
Var less_equal(double a, const Var& b);
Var greater(const Var& a, const Var& b);
Var greater(const Var& a, double b);
Var greater(double a, const Var& b);
Var greater_equal(const Var& a, const Var& b);
Var greater_equal(const Var& a, double b);
Var greater_equal(double a, const Var& b);

/// a where `condition` is not 0, else b; NaN or infinity on the side not chosen does no harm, in
/// value or gradient.
Var where(const Var& condition, const Var& a, const Var& b);
Var where(const Var& condition, const Var& a, double b);
Var where(const Var& condition, double a, const Var& b);

/// The same values in another dtype; the gradient comes back in x's. Between i64 and the others
/// there is none.
Var cast(const Var& x, DType dtype);

Var operator-(const Var& x);
Var operator+(const Var& a, const Var& b);
Var operator+(const Var& a, double b);
Var operator+(double a, const Var& b);
Var operator-(const Var& a, const Var& b);
Var operator-(const Var& a, double b);
Var operator-(double a, const Var& b);
Var operator*(const Var& a, const Var& b);
Var operator*(const Var& a, double b);
Var operator*(double a, const Var& b);
Var operator/(const Var& a, const Var& b);
Var operator/(const Var& a, double b);
Var operator/(double a, const Var& b);
Var operator<(const Var& a, const Var& b);
Var operator<(const Var& a, double b);
Var operator<=(const Var& a, const Var& b);
Var operator<=(const Var& a, double b);
Var operator>(const Var& a, const Var& b);
Var operator>(const Var& a, double b);
Var operator>=(const Var& a, const Var& b);
Var operator>=(const Var& a, double b);

}  // namespace wengert
