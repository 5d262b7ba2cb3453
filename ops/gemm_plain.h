// SPDX-License-Identifier: MIT
// Matrix products without a library: a row times a transposed matrix, where no library is faster,
// and whole products for a machine whose libraries are missing or wrong. Arguments are those of
// gemm() in gemm.h, which checks them and decides who calls what.
#pragma once

#include <cstddef>

#include "gemm.h"

namespace wengert::detail {

/// C[1,n] = x transposed(B) + beta C, where x has k values, `step` apart.
template <class T>
void plain_row_of_dots(std::size_t n, std::size_t k, const T* x, std::size_t step, const T* B,
                       std::size_t ldb, T beta, T* C);

/// gemm() for any shape.
template <class T>
void plain_gemm(Transpose a, Transpose b, std::size_t m, std::size_t n, std::size_t k, const T* A,
                std::size_t lda, const T* B, std::size_t ldb, T beta, T* C, std::size_t ldc);

/// to[columns,rows] = from[rows,columns] transposed + beta to.
template <class T>
void plain_transpose(std::size_t rows, std::size_t columns, const T* from, std::size_t from_stride,
                     T beta, T* to, std::size_t to_stride);

}  // namespace wengert::detail
