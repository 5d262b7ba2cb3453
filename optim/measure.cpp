// SPDX-License-Identifier: MIT
#include "measure.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "recurrence.h"

namespace wengert::detail {
namespace {

// Short enough to stay in the first cache and for f32 to add up its squares.
constexpr std::size_t run = 1024;

template <class T>
double total(const Lanes<T>& lanes) {
  alignas(64) T values[Lanes<T>::size];
  lanes.store_aligned(values);
  double sum = 0;
  for (const T value : values) sum += static_cast<double>(value);
  return sum;
}

/// The sum of f(in[0][i], in[1][i], ...)^2 over one run; f maps zeros to zero.
template <class T, std::size_t N, class F, std::size_t... K>
double squares_of_run(std::size_t n, const std::array<const T*, N>& in, F f,
                      std::index_sequence<K...>) {
  constexpr std::size_t width = Lanes<T>::size;
  std::array<Lanes<T>, 4> sums{Lanes<T>(T{0}), Lanes<T>(T{0}), Lanes<T>(T{0}), Lanes<T>(T{0})};
  std::size_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width)
    for (std::size_t chain = 0; chain < 4; ++chain) {
      const Lanes<T> x = f(Lanes<T>::load_unaligned(in[K] + i + chain * width)...);
      sums[chain] = sums[chain] + x * x;
    }
  for (; i < n; i += width) {
    const Lanes<T> x = f(Stream<T>{in[K], true}.tail(i, std::min(width, n - i))...);
    sums[0] = sums[0] + x * x;
  }
  return total((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

template <class T, std::size_t N, class F, std::size_t... K>
double squares(std::size_t n, const std::array<const T*, N>& in, F f,
               std::index_sequence<K...> each) {
  double sum = 0;
  for (std::size_t begin = 0; begin < n; begin += run) {
    const std::size_t count = std::min(run, n - begin);
    const std::array<const T*, N> here{(in[K] + begin)...};
    double part = squares_of_run(count, here, f, each);
    if constexpr (std::is_same_v<T, float>) {
      // Outside these limits squares may have left f32's range: once more, with scaled numbers.
      if (!(part > 1e-25 && part < 1e37)) {
        const double scale = part < 1.0 ? 0x1p100 : 0x1p-100;
        const auto scaled = [f, by = ToLanes<T>{}(scale)](auto... x) { return by * f(x...); };
        part = squares_of_run(count, here, scaled, each) / (scale * scale);
      }
    }
    sum += part;
  }
  return sum;
}

template <class T, std::size_t N, class F>
double squares(std::size_t n, const std::array<const T*, N>& in, F f) {
  return squares(n, in, f, std::make_index_sequence<N>{});
}

}  // namespace

Kinds count_kinds(DType dtype, const void* values, std::size_t count) {
  return dispatch_float(dtype, [&]<class T>(T) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
    using BitLanes = Lanes<Bits>;
    const auto bits = [](T value) { return BitLanes(std::bit_cast<Bits>(value)); };
    const BitLanes infinity = bits(std::numeric_limits<T>::infinity());
    const BitLanes normal = bits(std::numeric_limits<T>::min());
    const BitLanes magnitude(std::numeric_limits<Bits>::max());
    const BitLanes one(Bits{1}), none(Bits{0});
    BitLanes zero = none, small = none, large = none;
    const auto* x = static_cast<const Bits*>(values);
    constexpr std::size_t width = BitLanes::size;
    const auto take = [&](const BitLanes& lanes) {
      const BitLanes size = lanes & magnitude;
      zero = zero + xsimd::select(size == none, one, none);
      small = small + xsimd::select(size < normal, one, none);
      large = large + xsimd::select(size >= infinity, one, none);
    };
    std::size_t i = 0;
    for (; i + width <= count; i += width) take(BitLanes::load_unaligned(x + i));
    std::size_t padding = 0;
    if (i < count) {
      take(Stream<Bits>{x, true}.tail(i, count - i));
      padding = width - (count - i);
    }
    const auto number = [](const BitLanes& lanes) {
      return static_cast<std::size_t>(total(lanes));
    };
    return Kinds{number(zero) - padding, number(small) - number(zero), number(large)};
  });
}

double sum_of_squares(DType dtype, const void* values, std::size_t count) {
  return dispatch_float(dtype, [&]<class T>(T) {
    return squares<T, 1>(count, {static_cast<const T*>(values)}, [](auto x) { return x; });
  });
}

double sum_of_clipped_squares(DType dtype, const void* values, std::size_t count, double limit) {
  return dispatch_float(dtype, [&]<class T>(T) {
    return squares<T, 1>(count, {static_cast<const T*>(values)},
                         [most = ToLanes<T>{}(limit)](auto x) {
                           const auto size = abs(x);
                           return where(size > most, most, size);
                         });
  });
}

StepSquares squares_of_step(DType dtype, const void* before, const void* after, std::size_t count) {
  return dispatch_float(dtype, [&]<class T>(T) {
    const T* old = static_cast<const T*>(before);
    const T* now = static_cast<const T*>(after);
    return StepSquares{squares<T, 1>(count, {old}, [](auto x) { return x; }),
                       squares<T, 2>(count, {now, old}, [](auto x, auto y) { return x - y; })};
  });
}

}  // namespace wengert::detail
