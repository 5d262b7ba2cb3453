// SPDX-License-Identifier: MIT
// Dense matrix products for float and double: the one door to a BLAS. It leaves to others shapes,
// batches, broadcasting and derivatives; ops/gemm_plain.h holds the loops that need no library.
#pragma once

#include <cstddef>
#include <string>

namespace wengert {

enum class Transpose : bool { no, yes };

/// C[m,n] = op(A) op(B) + beta C, all row-major; lda, ldb and ldc are the distances between rows
/// as stored. beta is 0 or 1; with 0, C is not read and may hold NaN. C overlaps neither A nor B.
/// Which code computes a product depends on its shape alone, and always on one thread, so the same
/// arguments give the same bits from any thread. An argument past 2^31 - 1 is a ValueError.
///
/// The environment variable WENGERT_GEMM, read at the first product, forces one way for diagnosis:
/// `openblas`, `libxsmm` or `plain` (loops of our own). Any other value is a ValueError.
template <class T>
void gemm(Transpose a, Transpose b, std::size_t m, std::size_t n, std::size_t k, const T* A,
          std::size_t lda, const T* B, std::size_t ldb, T beta, T* C, std::size_t ldc);

/// One line for benchmark output and bug reports: the BLAS, its version, the processor core it
/// chose its kernels for, its number of threads, and whether libxsmm takes the smaller products.
std::string gemm_backend();

namespace detail {

template <class T>
using GemmFunction = void (*)(Transpose a, Transpose b, std::size_t m, std::size_t n, std::size_t k,
                              const T* A, std::size_t lda, const T* B, std::size_t ldb, T beta,
                              T* C, std::size_t ldc);

/// Whether `product` is right on a few dozen shapes whose results are exact. Decides at the first
/// product whether a library is used at all; here so that a test can offer it a broken product.
template <class T>
bool gemm_passes(GemmFunction<T> product);

}  // namespace detail
}  // namespace wengert
