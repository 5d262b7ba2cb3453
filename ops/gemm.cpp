// SPDX-License-Identifier: MIT
// Chooses who computes a product - OpenBLAS, libxsmm or our own loops - and checks the libraries
// before the first product is trusted to them. No other file includes a BLAS header. How to block
// a product is libxsmm's side of it, in the middle; loops that need no library: gemm_plain.cpp.
#include "gemm.h"

#include <cblas.h>
#ifdef WENGERT_HAVE_LIBXSMM
#include <libxsmm.h>
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <string_view>
#include <type_traits>
#include <vector>

#include "../graph/error.h"
#include "gemm_plain.h"

namespace wengert {
namespace {

template <class T>
constexpr bool is_float = std::is_same_v<T, float>;

constexpr Transpose flip(Transpose t) {
  return t == Transpose::yes ? Transpose::no : Transpose::yes;
}

template <class T>
void openblas_gemm(Transpose a, Transpose b, std::size_t m, std::size_t n, std::size_t k,
                   const T* A, std::size_t lda, const T* B, std::size_t ldb, T beta, T* C,
                   std::size_t ldc) {
  const auto order = [](Transpose t) { return t == Transpose::yes ? CblasTrans : CblasNoTrans; };
  const auto index = [](std::size_t i) { return static_cast<blasint>(i); };
  const auto call = [&](auto cblas_gemm) {
    cblas_gemm(CblasRowMajor, order(a), order(b), index(m), index(n), index(k), T(1), A, index(lda),
               B, index(ldb), beta, C, index(ldc));
  };
  if constexpr (is_float<T>) {
    call(cblas_sgemm);
  } else {
    call(cblas_dgemm);
  }
}

#ifdef WENGERT_HAVE_LIBXSMM

struct KernelShape {
  int m, n, k, lda, ldb, ldc;
  bool transpose_a, add;
  bool operator==(const KernelShape&) const = default;
};

// libxsmm's own look-up of a kernel costs 200 ns, as much as a product of 24 x 24 x 24. This table,
// one for each thread and so without locks, finds a recently used one in a few.
template <class T>
class KernelTable {
 public:
  using Kernel = std::conditional_t<is_float<T>, libxsmm_smmfunction, libxsmm_dmmfunction>;

  Kernel find(const KernelShape& shape) {
    std::uint64_t hash = shape.transpose_a ? 2 : shape.add ? 1 : 0;
    for (int part : {shape.m, shape.n, shape.k, shape.lda, shape.ldb, shape.ldc}) {
      hash = (hash ^ static_cast<std::uint64_t>(part)) * 0x9E3779B97F4A7C15u;
    }
    Entry& entry = entries_[hash >> 57];
    if (entry.shape != shape) entry = {shape, make(shape)};
    return entry.kernel;
  }

 private:
  struct Entry {
    KernelShape shape{};
    Kernel kernel{};
  };

  // libxsmm is column-major, which a row-major product becomes when its operands change places.
  static Kernel make(const KernelShape& s) {
    const T alpha = 1, beta = s.add ? 1 : 0;
    const int flags = s.transpose_a ? LIBXSMM_GEMM_FLAG_TRANS_B : LIBXSMM_GEMM_FLAG_NONE;
    const int prefetch = LIBXSMM_GEMM_PREFETCH_NONE;
    const auto dispatch = [&](auto function) {
      return function(s.n, s.m, s.k, &s.ldb, &s.lda, &s.ldc, &alpha, &beta, &flags, &prefetch);
    };
    if constexpr (is_float<T>) {
      return dispatch(libxsmm_smmdispatch);
    } else {
      return dispatch(libxsmm_dmmdispatch);
    }
  }

  std::array<Entry, 128> entries_{};
};

enum class Use { left, right, result };

// This thread's memory for one use, of which a Block x 2 Block piece is the largest.
template <class T>
T* scratch(Use use, std::size_t size) {
  struct alignas(64) Line {
    T values[64 / sizeof(T)];
  };
  thread_local std::array<std::vector<Line>, 3> lines;
  auto& mine = lines[static_cast<std::size_t>(use)];
  if (const auto need = size * sizeof(T) / sizeof(Line) + 1; mine.size() < need) mine.resize(need);
  return mine.front().values;
}

// A library kernel's operands: pieces of this side stay in a core's second-level cache.
constexpr std::size_t Block = 256;

// C = op(A) op(B) + beta C in blocks. libxsmm 1.17 has kernels for either form of A (in row-major
// terms) but none for a transposed B, each block of which is therefore transposed first. Blocks of
// large operands are copied where that is little beside the product: rows a power of two apart
// contend for the same few lines of the cache (double, 512 x 512 x 512: 15 GF/s without, 33 with).
template <class T>
void blocked_gemm(Transpose a, Transpose b, std::size_t m, std::size_t n, std::size_t k, const T* A,
                  std::size_t lda, const T* B, std::size_t ldb, T beta, T* C, std::size_t ldc) {
  thread_local KernelTable<T> kernels;
  const auto copy = [](const T* from, std::size_t stride, std::size_t rows, std::size_t columns,
                       T* to) {
    for (std::size_t i = 0; i < rows; ++i) {
      std::copy_n(from + i * stride, columns, to + i * columns);
    }
    return to;
  };
  const bool copy_a = a == Transpose::yes && m * k > 2 * Block * Block && n >= 64;
  const bool copy_b = b == Transpose::no && n * k >= Block * Block && m >= 64;
  const bool whole = b == Transpose::no && !copy_a && !copy_b && n * k <= 2 * Block * Block;
  const std::size_t most = whole ? std::max(n, k) : Block;
  const std::size_t height = copy_a ? Block : m;
  for (std::size_t p = 0; p < k; p += most) {
    const std::size_t depth = std::min(most, k - p);
    const bool add = p > 0 || beta != T(0);
    for (std::size_t j = 0; j < n; j += most) {
      const std::size_t width = std::min(most, n - j);
      const T* right = B + (b == Transpose::yes ? j * ldb + p : p * ldb + j);
      std::size_t right_stride = ldb;
      if (b == Transpose::yes || copy_b) {
        T* packed = scratch<T>(Use::right, width * depth);
        if (b == Transpose::yes) {
          detail::plain_transpose(width, depth, right, ldb, T(0), packed, width);
        } else {
          copy(right, ldb, depth, width, packed);
        }
        right = packed;
        right_stride = width;
      }
      for (std::size_t i = 0; i < m; i += height) {
        const std::size_t rows = std::min(height, m - i);
        const T* left = A + (a == Transpose::yes ? p * lda + i : i * lda + p);
        std::size_t left_stride = lda;
        if (copy_a) {
          left = copy(left, lda, depth, rows, scratch<T>(Use::left, rows * depth));
          left_stride = rows;
        }
        const auto index = [](std::size_t s) { return static_cast<int>(s); };
        const auto kernel =
            kernels.find({index(rows), index(width), index(depth), index(left_stride),
                          index(right_stride), index(ldc), a == Transpose::yes, add});
        T* out = C + i * ldc + j;
        if (kernel != nullptr) {
          kernel(right, left, out);
        } else {  // libxsmm has room for 131072 kernels
          detail::plain_gemm(a, Transpose::no, rows, width, depth, left, left_stride, right,
                             right_stride, T(add ? 1 : 0), out, ldc);
        }
      }
    }
  }
}

// As blocked_gemm(), or by way of transposed(C) = transposed(op(B)) transposed(op(A)) where that
// transposes fewer values, or where C is too narrow to fill a vector along its rows.
template <class T>
void libxsmm_gemm(Transpose a, Transpose b, std::size_t m, std::size_t n, std::size_t k, const T* A,
                  std::size_t lda, const T* B, std::size_t ldb, T beta, T* C, std::size_t ldc) {
  const std::size_t as_is = b == Transpose::yes ? n * k : 0;
  const std::size_t swapped = m * n + (a == Transpose::no ? m * k : 0);
  const bool narrow = a == Transpose::yes && b == Transpose::no && n < 8 && m > 2 * n;
  if (as_is <= swapped && !narrow) {
    blocked_gemm(a, b, m, n, k, A, lda, B, ldb, beta, C, ldc);
    return;
  }
  for (std::size_t i = 0; i < m; i += Block) {
    const std::size_t rows = std::min(Block, m - i);
    for (std::size_t j = 0; j < n; j += 2 * Block) {
      const std::size_t columns = std::min(2 * Block, n - j);
      T* result = scratch<T>(Use::result, rows * columns);
      blocked_gemm(flip(b), flip(a), columns, rows, k, B + (b == Transpose::yes ? j * ldb : j), ldb,
                   A + (a == Transpose::yes ? i : i * lda), lda, T(0), result, rows);
      detail::plain_transpose(columns, rows, result, rows, beta, C + i * ldc + j, ldc);
    }
  }
}

#endif

// Who computes what, for one element type; settled before the first product.
template <class T>
struct Ways {
  detail::GemmFunction<T> small, large;
  bool rows;  // whether a row times a transposed matrix goes to plain_row_of_dots()
};

// m n k up to which libxsmm is as fast as OpenBLAS: see gemm() below.
constexpr double LargestSmall = 1024.0 * 1024.0 * 1024.0;

std::string openblas_name() {
  std::istringstream words(openblas_get_config());  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."
  std::string name, version;
  words >> name >> version;
  return name + " " + version + ", " + openblas_get_corename() + " kernels";
}

template <class T>
bool trusted(detail::GemmFunction<T> product, const std::string& library, const char* advice) {
  if (detail::gemm_passes<T>(product)) return true;
  std::fprintf(stderr, "wengert: %s computes wrong %s products on this processor; %s\n",
               library.c_str(), is_float<T> ? "float" : "double", advice);
  return false;
}

template <class T>
Ways<T> choose() {
  openblas_set_num_threads(1);
  const char* const variable = std::getenv("WENGERT_GEMM");
  const std::string forced = variable == nullptr ? "" : variable;
  const detail::GemmFunction<T> plain = detail::plain_gemm<T>, openblas = openblas_gemm<T>;
  if (forced == "plain") return {plain, plain, false};
  if (forced == "openblas") return {openblas, openblas, false};
#ifdef WENGERT_HAVE_LIBXSMM
  const detail::GemmFunction<T> libxsmm = libxsmm_gemm<T>;
  if (forced == "libxsmm") return {libxsmm, libxsmm, false};
#endif
  if (!forced.empty()) {
    throw ValueError(
        "gemm: WENGERT_GEMM must be openblas, plain or, in a build that has it, "
        "libxsmm: " +
        forced + "; unset it for the usual choice");
  }
  const bool openblas_trusted = trusted(
      openblas, openblas_name(),
      "Wengert's own slower loops replace it. OPENBLAS_CORETYPE=Haswell, set before the program "
      "starts, selects kernels that are more likely to be right");
  auto small = openblas_trusted ? openblas : plain;
#ifdef WENGERT_HAVE_LIBXSMM
  // libxsmm makes no kernels on processors before AVX or where code may not be written to memory.
  if (KernelTable<T>().find({16, 16, 16, 16, 16, 16, false, false}) != nullptr &&
      trusted(libxsmm, "libxsmm " LIBXSMM_VERSION,
              "OpenBLAS replaces it. WENGERT_GEMM=openblas avoids this check")) {
    small = libxsmm;
  }
#endif
  return {small, openblas_trusted ? openblas : small, true};
}

template <class T>
const Ways<T>& ways() {
  static const Ways<T> chosen = choose<T>();
  return chosen;
}

}  // namespace

// The rule, by shape alone: a row times a transposed matrix, and a dense column, which is one, go
// to dot products of our own; other products of up to 2^30 terms to libxsmm, where it is to be had;
// the rest to OpenBLAS. GF/s in float on one core of a Xeon, model 207, with AVX-512 (peak near
// 175) and OpenBLAS 0.3.21's SkylakeX kernels. That version does not know this processor and left
// alone takes its Prescott kernels, which reach 4 for a row and 15 to 25 for matrices. Each pair
// was measured in alternation, but on a machine with other work: compare pairs, not lines.
//
//   layer, batch              y = x W^T          dx = g W          dW += g^T x
//                           here OpenBLAS      here OpenBLAS      here OpenBLAS
//   784 to 128,   1           32    30           32    31           20    20
//   784 to 512,   1           32    29           30    27           22    17
//    64 to  64,   1           43    56           82    93           53    50
//   784 to 128,  32          154    78          139    93          156   138
//   512 to 512,  32          161    80          172    85          150   138
//   512 to  10,  32           80   120          153   126          154   131
//    64 to  64,  32          127    71          171   167          162   156
//   784 to 128, 128          158   125          173   141          161   153
//   512 to 512, 128          158   133          159   143          118   106
//     4 to  32, 10000         58    23           38    23           80    17
//   512 to 512, 512          163   152          165   153          151   153
//  1024 to 1024, 1024         81    75           84    78           82    77
template <class T>
void gemm(Transpose a, Transpose b, std::size_t m, std::size_t n, std::size_t k, const T* A,
          std::size_t lda, const T* B, std::size_t ldb, T beta, T* C, std::size_t ldc) {
  if (std::max({m, n, k, lda, ldb, ldc}) > std::numeric_limits<std::int32_t>::max()) {
    std::string text = "gemm: extents and strides must be below 2^31:";
    for (std::size_t i : {m, n, k, lda, ldb, ldc}) text.append(" ").append(std::to_string(i));
    throw ValueError(text + " (m n k lda ldb ldc); the BLAS counts in 32 bits");
  }
  if (beta != T(0) && beta != T(1)) {
    throw ValueError("gemm: beta must be 0 or 1: " + std::to_string(beta));
  }
  if (m == 0 || n == 0) return;
  if (k == 0) {
    for (std::size_t i = 0; i < m && beta == T(0); ++i) std::fill_n(C + i * ldc, n, T(0));
    return;
  }
  const Ways<T>& way = ways<T>();
  if (way.rows && n == 1 && m > 1 && ldc == 1) {  // a dense column is a row
    gemm(flip(b), flip(a), n, m, k, B, ldb, A, lda, beta, C, m);
  } else if (way.rows && m == 1 && b == Transpose::yes) {
    detail::plain_row_of_dots(n, k, A, a == Transpose::yes ? lda : 1, B, ldb, beta, C);
  } else {
    const double size = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    (size > LargestSmall ? way.large : way.small)(a, b, m, n, k, A, lda, B, ldb, beta, C, ldc);
  }
}

std::string gemm_backend() {
  const auto& [small, large, rows] = ways<float>();
  std::string line = openblas_name();
  line += ", threads: " + std::to_string(openblas_get_num_threads());
#ifdef __AVX2__
  if (std::string_view(openblas_get_corename()) == "Prescott") {
    line += " (it does not know this processor; OPENBLAS_CORETYPE=Haswell or SkylakeX: 3 to 6 x)";
  }
#endif
#ifdef WENGERT_HAVE_LIBXSMM
  line += "; libxsmm " LIBXSMM_VERSION " for ";
  line += small != libxsmm_gemm<float>   ? "none"
          : large == libxsmm_gemm<float> ? "all"
                                         : "products of up to 2^30 terms";
#else
  line += "; built without libxsmm";
#endif
  if (large == detail::plain_gemm<float>) line += "; plain loops in place of OpenBLAS";
  if (!rows) line += "; by WENGERT_GEMM";
  return line;
}

template void gemm(Transpose, Transpose, std::size_t, std::size_t, std::size_t, const float*,
                   std::size_t, const float*, std::size_t, float, float*, std::size_t);
template void gemm(Transpose, Transpose, std::size_t, std::size_t, std::size_t, const double*,
                   std::size_t, const double*, std::size_t, double, double*, std::size_t);

}  // namespace wengert
