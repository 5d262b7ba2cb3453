// SPDX-License-Identifier: MIT
// Principal component analysis: the best linear compression, against which an autoencoder of the
// same width is judged.
#pragma once

#include <cstddef>

#include "../graph/tensor.h"

namespace wengert::data {

/// The mean and the leading eigenvectors of the covariance (Pearson 1901), in float64.
struct Pca {
  Tensor mean;        ///< [d]
  Tensor components;  ///< [width, d], orthonormal rows, largest variance first
};
/// Of rows x [n, d], f32 or f64.
/// Errors: ShapeError if x is no matrix with rows; ValueError if width is 0 or above d.
Pca pca(const Tensor& x, std::size_t width);

/// The rows x [n, d] in the coordinates of the components: [n, width], f64.
/// Errors: ShapeError if x does not have the components' d.
Tensor projection(const Pca& fitted, const Tensor& x);

/// Mean squared error per element of the rows x [n, d] and their projections.
/// Errors: ShapeError if x does not have the components' d.
double reconstruction_error(const Pca& fitted, const Tensor& x);

}  // namespace wengert::data
