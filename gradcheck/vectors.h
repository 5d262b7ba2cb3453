// SPDX-License-Identifier: MIT
// Tensors as vectors: norms, products and combinations, in float64. Internal.
#pragma once

#include <span>

#include "../graph/tensor.h"

namespace wengert::detail {

/// Of two tensors in f64.
double dot(const Tensor& a, const Tensor& b);
/// The 2-norm, of any dtype.
double norm_of(const Tensor& tensor);
/// The 2-norm of all that are f32 or f64.
double norm_of(std::span<const Tensor> tensors);
/// a + factor b, in f64.
Tensor combined(const Tensor& a, double factor, const Tensor& b);
/// The 2-norm of a - b, in f64.
double distance(const Tensor& a, const Tensor& b);

bool finite(const Tensor& tensor);
/// The largest finite magnitude; 0 for integers.
double largest(const Tensor& tensor);
/// Equal bits, but for the sign of zero; any NaN is any other.
bool same_bits(const Tensor& a, const Tensor& b);

}  // namespace wengert::detail
