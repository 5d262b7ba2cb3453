// SPDX-License-Identifier: MIT
// Tensors as vectors: norms, products and combinations, in float64, and what rounding does to them.
// Internal.
#pragma once

#include <span>
#include <vector>

#include "../graph/rng.h"
#include "../graph/tensor.h"

namespace wengert::detail {

/// Of two tensors in f64.
double dot(const Tensor& a, const Tensor& b);
/// What brings numbers of this size near 1; a power of two, so that scaling rounds nothing.
double unit_of(double size);
/// The 2-norm of one tensor, or of several as one; integers count as 0. Nothing over- or underflows
/// on the way.
double norm(const Tensor& tensor);
double norm(std::span<const Tensor> tensors);
/// Of the products, element by element, of two tensors in f64.
double norm_of_product(const Tensor& a, const Tensor& b);
/// a + factor b, in f64.
Tensor combined(const Tensor& a, double factor, const Tensor& b);
std::vector<Tensor> combined(std::span<const Tensor> a, double factor, std::span<const Tensor> b);
/// The norm of a - b, taken in f64.
double distance(const Tensor& a, const Tensor& b);
double distance(std::span<const Tensor> a, std::span<const Tensor> b);
/// Every element times 1 + size or 1 - size, by the flip of a coin; integers stay.
Tensor jittered(const Tensor& tensor, double size, Rng& rng);

/// Moves of half to all of max(1, |x|), either way.
Tensor moves_of(const Tensor& x, Rng& rng);

bool finite(const Tensor& tensor);
/// The largest finite magnitude; 0 for integers.
double largest(const Tensor& tensor);
/// Equal bits, but for the sign of zero; any NaN is any other.
bool same_bits(const Tensor& a, const Tensor& b);

}  // namespace wengert::detail
