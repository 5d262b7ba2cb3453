// SPDX-License-Identifier: MIT
// Singular values of a small matrix, in a source of their own: their template takes as long to
// compile as all the rest. Internal.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace wengert::gradflow {

/// Of a matrix [rows, columns], row by row; largest first.
std::vector<double> svd_values(std::span<const double> matrix, std::size_t rows,
                               std::size_t columns);

}  // namespace wengert::gradflow
