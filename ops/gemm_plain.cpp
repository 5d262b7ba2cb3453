// SPDX-License-Identifier: MIT
// The loops of gemm_plain.h, on GCC's and Clang's vector types: the compiler alone does not keep
// such sums in registers (measured: 1 to 7 GF/s in place of 60 to 130). Sums are formed in an order
// that the shape fixes. Built with -ffp-contract=fast, so that a product and a sum are one FMA.
#include "gemm_plain.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace wengert::detail {
namespace {

#ifdef __AVX512F__
constexpr std::size_t VectorBytes = 64;
#else
constexpr std::size_t VectorBytes = 32;
#endif

template <class T>
constexpr std::size_t Lanes = VectorBytes / sizeof(T);

template <class T, std::size_t Length>
struct VectorOf {
  typedef T Type __attribute__((vector_size(Length * sizeof(T))));
};
template <class T, std::size_t Length = Lanes<T>>
using Vector = typename VectorOf<T, Length>::Type;

// lower = a0 b0 a1 b1 ..., upper goes on from the middle of a and b.
template <class T, std::size_t Length>
void interleave(const Vector<T, Length>& a, const Vector<T, Length>& b, Vector<T, Length>& lower,
                Vector<T, Length>& upper) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    lower = __builtin_shufflevector(a, b, (I / 2 + I % 2 * Length)...);
    upper = __builtin_shufflevector(a, b, (I / 2 + I % 2 * Length + Length / 2)...);
  }
  (std::make_index_sequence<Length>());
}

// C[Rows,Columns] = A B, where A[i,p] is at A[i * row + p * step]; B and C are dense.
template <std::size_t Rows, std::size_t Columns, class T>
void tile(std::size_t k, const T* A, std::size_t row, std::size_t step, const T* B, T* C) {
  constexpr std::size_t Count = Columns / Lanes<T>;
  Vector<T> sums[Rows][Count] = {};
  for (std::size_t p = 0; p < k; ++p) {
    for (std::size_t j = 0; j < Count; ++j) {
      Vector<T> some;
      std::memcpy(&some, B + p * Columns + j * Lanes<T>, sizeof some);
      for (std::size_t i = 0; i < Rows; ++i) sums[i][j] += A[i * row + p * step] * some;
    }
  }
  std::memcpy(C, &sums, sizeof sums);
}

// C[1,n] = x transposed(B) + beta C, in ever fewer dot products at a time. Each has a vector of
// partial sums; interleaving and adding the vectors turns them into one vector of whole sums.
template <std::size_t Outputs, class T>
void row_of_dots(std::size_t n, std::size_t k, const T* x, std::size_t step, const T* B,
                 std::size_t ldb, T beta, T* C) {
  std::size_t j = 0;
  for (; j + Outputs <= n; j += Outputs) {
    Vector<T> sums[Lanes<T>] = {};
    const T* rows = B + j * ldb;
    std::size_t p = 0;
    for (; step == 1 && p + Lanes<T> <= k; p += Lanes<T>) {
      Vector<T> some_x, some_b;
      std::memcpy(&some_x, x + p, sizeof some_x);
      for (std::size_t q = 0; q < Outputs; ++q) {
        std::memcpy(&some_b, rows + q * ldb + p, sizeof some_b);
        sums[q] += some_x * some_b;
      }
    }
    for (std::size_t half = Lanes<T> / 2; half > 0; half /= 2) {
      for (std::size_t q = 0; q < half; ++q) {
        Vector<T> lower, upper;
        interleave<T, Lanes<T>>(sums[q], sums[q + half], lower, upper);
        sums[q] = lower + upper;
      }
    }
    T totals[Outputs];
    std::memcpy(totals, &sums[0], sizeof totals);
    for (; p < k; ++p) {
      for (std::size_t q = 0; q < Outputs; ++q) totals[q] += x[p * step] * rows[q * ldb + p];
    }
    for (std::size_t q = 0; q < Outputs; ++q) {
      C[j + q] = beta == T(0) ? totals[q] : C[j + q] + totals[q];
    }
  }
  if constexpr (Outputs > 1) {
    if (j < n) row_of_dots<Outputs / 2>(n - j, k, x, step, B + j * ldb, ldb, beta, C + j);
  }
}

// A square of Side rows is transposed by interleaving row p with row p + Side / 2, log2(Side)
// times; what is left at the right and at the bottom goes in smaller squares.
template <std::size_t Side, class T>
void transpose_squares(std::size_t rows, std::size_t columns, const T* from,
                       std::size_t from_stride, T beta, T* to, std::size_t to_stride) {
  const std::size_t whole_rows = rows - rows % Side, whole_columns = columns - columns % Side;
  for (std::size_t i = 0; i < whole_rows; i += Side) {
    for (std::size_t j = 0; j < whole_columns; j += Side) {
      Vector<T, Side> square[Side], next[Side];
      for (std::size_t p = 0; p < Side; ++p) {
        std::memcpy(&square[p], from + (i + p) * from_stride + j, sizeof square[p]);
      }
      if constexpr (Side > 1) {
        for (std::size_t round = 1; round < Side; round *= 2) {
          for (std::size_t p = 0; p < Side / 2; ++p) {
            interleave<T, Side>(square[p], square[p + Side / 2], next[2 * p], next[2 * p + 1]);
          }
          std::memcpy(&square, &next, sizeof square);
        }
      }
      for (std::size_t p = 0; p < Side; ++p) {
        T* out = to + (j + p) * to_stride + i;
        if (beta != T(0)) {
          std::memcpy(&next[p], out, sizeof next[p]);
          square[p] += next[p];
        }
        std::memcpy(out, &square[p], sizeof square[p]);
      }
    }
  }
  if constexpr (Side > 1) {
    transpose_squares<Side / 2>(whole_rows, columns - whole_columns, from + whole_columns,
                                from_stride, beta, to + whole_columns * to_stride, to_stride);
    transpose_squares<Side / 2>(rows - whole_rows, columns, from + whole_rows * from_stride,
                                from_stride, beta, to + whole_rows, to_stride);
  }
}

}  // namespace

template <class T>
void plain_row_of_dots(std::size_t n, std::size_t k, const T* x, std::size_t step, const T* B,
                       std::size_t ldb, T beta, T* C) {
  row_of_dots<Lanes<T>>(n, k, x, step, B, ldb, beta, C);
}

template <class T>
void plain_transpose(std::size_t rows, std::size_t columns, const T* from, std::size_t from_stride,
                     T beta, T* to, std::size_t to_stride) {
  transpose_squares<Lanes<T>>(rows, columns, from, from_stride, beta, to, to_stride);
}

// op(B) is copied in strips of two vectors' width, padded with zeros, that stay in the first-level
// cache while all of A passes; a tile of C is summed whole, of which the part inside C is kept.
template <class T>
void plain_gemm(Transpose a, Transpose b, std::size_t m, std::size_t n, std::size_t k, const T* A,
                std::size_t lda, const T* B, std::size_t ldb, T beta, T* C, std::size_t ldc) {
  constexpr std::size_t Rows = 6, Columns = 2 * Lanes<T>, Depth = 256;
  const std::size_t row = a == Transpose::yes ? 1 : lda, step = a == Transpose::yes ? lda : 1;
  std::vector<T> strip(std::min(k, Depth) * Columns);
  T sums[Rows * Columns];
  for (std::size_t p = 0; p < k; p += Depth) {
    const std::size_t depth = std::min(Depth, k - p);
    const bool add = p > 0 || beta != T(0);
    for (std::size_t j = 0; j < n; j += Columns) {
      const std::size_t columns = std::min(Columns, n - j);
      if (columns < Columns) std::fill(strip.begin(), strip.end(), T(0));
      if (b == Transpose::yes) {
        plain_transpose(columns, depth, B + j * ldb + p, ldb, T(0), strip.data(), Columns);
      } else {
        for (std::size_t q = 0; q < depth; ++q) {
          std::copy_n(B + (p + q) * ldb + j, columns, strip.data() + q * Columns);
        }
      }
      for (std::size_t i = 0; i < m; i += Rows) {
        const T* left = A + i * row + p * step;
        const std::size_t rows = std::min(Rows, m - i);
        if (rows == Rows) {
          tile<Rows, Columns>(depth, left, row, step, strip.data(), sums);
        } else {
          for (std::size_t q = 0; q < rows; ++q) {
            tile<1, Columns>(depth, left + q * row, row, step, strip.data(), sums + q * Columns);
          }
        }
        for (std::size_t q = 0; q < rows; ++q) {
          T* out = C + (i + q) * ldc + j;
          const T* sum = sums + q * Columns;
          for (std::size_t s = 0; s < columns; ++s) out[s] = add ? out[s] + sum[s] : sum[s];
        }
      }
    }
  }
}

// The shapes reach OpenBLAS's kernels for small matrices (up to 10^6 terms), its blocked ones and
// the edges of both. The values are small whole numbers, so that every sum is exact whatever its
// order, and each row is stored with a gap behind it that must stay as it was.
template <class T>
bool gemm_passes(GemmFunction<T> product) {
  struct Shape {
    std::size_t m, n, k;
  };
  constexpr std::size_t Gap = 3;
  constexpr T Untouched = 77;
  const auto value = [](std::size_t i, std::size_t j) {
    return static_cast<T>((i * 5 + j * 3) % 7) - T(3);
  };
  const auto fill = [&](std::size_t rows, std::size_t columns, Transpose order) {
    const auto [height, width] =
        order == Transpose::yes ? std::pair(columns, rows) : std::pair(rows, columns);
    std::vector<T> matrix(height * (width + Gap), Untouched);
    for (std::size_t i = 0; i < height; ++i) {
      T* row = matrix.data() + i * (width + Gap);
      for (std::size_t j = 0; j < width; ++j) {
        row[j] = order == Transpose::yes ? value(j, i) : value(i, j);
      }
    }
    return matrix;
  };
  for (const auto [m, n, k] :
       {Shape{5, 7, 3}, {1, 9, 12}, {9, 1, 33}, {17, 33, 65}, {101, 103, 97}}) {
    std::vector<T> sums(m * n), row(n);
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t j = 0; j < n; ++j) row[j] = value(p, j);
      for (std::size_t i = 0; i < m; ++i) {
        const T x = value(i, p);
        for (std::size_t j = 0; j < n; ++j) sums[i * n + j] += x * row[j];
      }
    }
    // All transpositions; with both betas for one shape, else with 1 as training has it: for A.
    const int forms = m == 17 ? 8 : 4;
    for (int form = 0; form < forms; ++form) {
      const Transpose a{(form & 1) != 0}, b{(form & 2) != 0};
      const bool add = form >= 4 || (form == 1 && forms == 4);
      const auto left = fill(m, k, a), right = fill(k, n, b);
      auto out = fill(m, n, Transpose::no);
      if (!add) {
        for (T& x : out) x = x == Untouched ? x : std::numeric_limits<T>::quiet_NaN();
      }
      product(a, b, m, n, k, left.data(), (a == Transpose::yes ? m : k) + Gap, right.data(),
              (b == Transpose::yes ? k : n) + Gap, T(add ? 1 : 0), out.data(), n + Gap);
      for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < n + Gap; ++j) {
          const T right_value = j >= n ? Untouched : sums[i * n + j] + (add ? value(i, j) : T(0));
          if (!(out[i * (n + Gap) + j] == right_value)) return false;
        }
      }
    }
  }
  return true;
}

template void plain_row_of_dots(std::size_t, std::size_t, const float*, std::size_t, const float*,
                                std::size_t, float, float*);
template void plain_row_of_dots(std::size_t, std::size_t, const double*, std::size_t, const double*,
                                std::size_t, double, double*);
template void plain_gemm(Transpose, Transpose, std::size_t, std::size_t, std::size_t, const float*,
                         std::size_t, const float*, std::size_t, float, float*, std::size_t);
template void plain_gemm(Transpose, Transpose, std::size_t, std::size_t, std::size_t, const double*,
                         std::size_t, const double*, std::size_t, double, double*, std::size_t);
template void plain_transpose(std::size_t, std::size_t, const float*, std::size_t, float, float*,
                              std::size_t);
template void plain_transpose(std::size_t, std::size_t, const double*, std::size_t, double, double*,
                              std::size_t);
template bool gemm_passes<float>(GemmFunction<float>);
template bool gemm_passes<double>(GemmFunction<double>);

}  // namespace wengert::detail
