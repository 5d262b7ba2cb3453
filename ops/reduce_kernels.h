// SPDX-License-Identifier: MIT
// Loops of the reductions over an array seen as [outer, count, inner]. Internal.
#pragma once

#include <algorithm>
#include <cstddef>

#include "lanes.h"

namespace wengert::detail {

/// Adds in f64 across blocks, so that an f32 sum of a million terms is right to rounding.
struct Adding {
  template <class T>
  static Lanes<T> join(const Lanes<T>& a, const Lanes<T>& b) {
    return a + b;
  }
  template <class T>
  static constexpr T neutral = T{0};
  using Across = double;
  static double across(double total, double block) { return total + block; }
};

template <bool largest>
struct Extremum {
  // A NaN that is there stays, and one that comes is taken.
  template <class T>
  static Lanes<T> join(const Lanes<T>& a, const Lanes<T>& b) {
    const auto holds = largest ? a >= b : a <= b;
    return xsimd::select(holds || xsimd::isnan(a), a, b);
  }
  template <class T>
  static constexpr T neutral = largest ? -std::numeric_limits<T>::infinity()
                                       : std::numeric_limits<T>::infinity();
  using Across = double;
  static double across(double total, double block) {
    const bool holds = largest ? total >= block : total <= block;
    return holds || total != total ? total : block;
  }
};

template <class How, class T>
T reduce_row(const T* x, std::size_t count) {
  constexpr std::size_t width = Lanes<T>::size;
  constexpr std::size_t block = 64 * width;
  const Lanes<T> neutral(How::template neutral<T>);
  typename How::Across total = How::template neutral<T>;
  for (std::size_t start = 0; start < count; start += block) {
    const std::size_t end = std::min(count, start + block);
    Lanes<T> a = neutral, b = neutral, c = neutral, d = neutral;
    std::size_t i = start;
    for (; i + 4 * width <= end; i += 4 * width) {
      a = How::join(a, Lanes<T>::load_unaligned(x + i));
      b = How::join(b, Lanes<T>::load_unaligned(x + i + width));
      c = How::join(c, Lanes<T>::load_unaligned(x + i + 2 * width));
      d = How::join(d, Lanes<T>::load_unaligned(x + i + 3 * width));
    }
    for (; i + width <= end; i += width) a = How::join(a, Lanes<T>::load_unaligned(x + i));
    alignas(64) T last[width];
    if (i < end) {
      neutral.store_aligned(last);
      std::copy(x + i, x + end, last);
      b = How::join(b, Lanes<T>::load_aligned(last));
    }
    How::join(How::join(a, b), How::join(c, d)).store_aligned(last);
    for (std::size_t k = width / 2; k > 0; k /= 2)
      for (std::size_t j = 0; j < k; ++j)
        last[j] = static_cast<T>(How::across(last[j], last[j + k]));
    total = How::across(total, last[0]);
  }
  return static_cast<T>(total);
}

inline constexpr std::size_t rows_in_a_block = 64;

/// out[inner] = join over `count` rows, in blocks of rows so that rounding errors do not pile up.
template <class How, class T>
void reduce_columns(const T* x, std::size_t count, std::size_t inner, T* out, T* scratch) {
  constexpr std::size_t rows = rows_in_a_block;
  const auto join = [](auto a, auto b) { return How::join(a, b); };
  std::fill(out, out + inner, How::template neutral<T>);
  for (std::size_t start = 0; start < count; start += rows) {
    T* to = count <= rows ? out : scratch;
    std::copy(x + start * inner, x + (start + 1) * inner, to);
    for (std::size_t row = start + 1; row < std::min(count, start + rows); ++row)
      transform<T, 2>(inner, to, {{{to, true}, {x + row * inner, true}}}, join);
    if (to == scratch) transform<T, 2>(inner, out, {{{out, true}, {scratch, true}}}, join);
  }
}

}  // namespace wengert::detail
