// SPDX-License-Identifier: MIT
// How good a value has to be: units in the last place of the true value, op by op, and the true
// values of the functions that PyTorch gets wrong.
#pragma once

#include <string>

namespace wengert::op_tests {

using Long = long double;

/// Units in the last place of the true value that an op may be off at x. It is 4, but for the few
/// of a list in accuracy.cpp that says why.
double allowed_ulp(const std::string& op, double x, bool single);
/// That unit, f32's or f64's; a denormal has that of the smallest normal number.
Long unit_in_last_place(Long value, bool single);

Long logistic(Long x);
Long normal_cdf(Long x);
Long normal_density(Long x);
/// gelu_tanh(x) = x logistic(gelu_tanh_exponent(x))
Long gelu_tanh_exponent(Long x);
/// x times the derivative of ln logistic(gelu_tanh_exponent(x))
Long gelu_tanh_bend(Long x);

}  // namespace wengert::op_tests
