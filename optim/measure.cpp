// SPDX-License-Identifier: MIT
#include "measure.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <type_traits>

namespace wengert::detail {
namespace {

// Independent partial sums, which the compiler turns into lanes. The order of additions is fixed.
constexpr std::size_t partial = 16;

template <class Sum, class F>
Sum sum(std::size_t count, F term) {
  std::array<Sum, partial> sums{};
  std::size_t i = 0;
  for (; i + partial <= count; i += partial)
    for (std::size_t k = 0; k < partial; ++k) sums[k] += term(i + k);
  for (; i < count; ++i) sums[i % partial] += term(i);
  return std::accumulate(sums.begin(), sums.end(), Sum{});
}

}  // namespace

Kinds count_kinds(DType dtype, const void* values, std::size_t count) {
  return dispatch_float(dtype, [&]<class T>(T) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr Bits infinity = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
    constexpr Bits normal = std::bit_cast<Bits>(std::numeric_limits<T>::min());
    constexpr Bits magnitude = ~Bits{0} >> 1U;
    const T* x = static_cast<const T*>(values);
    const auto number_of = [&](auto is) {
      return static_cast<std::size_t>(sum<Bits>(
          count, [&](std::size_t i) -> Bits { return is(std::bit_cast<Bits>(x[i]) & magnitude); }));
    };
    const std::size_t zero = number_of([](Bits bits) { return bits == 0 ? 1U : 0U; });
    const std::size_t small = number_of([](Bits bits) { return bits < normal ? 1U : 0U; });
    const std::size_t large = number_of([](Bits bits) { return bits >= infinity ? 1U : 0U; });
    return Kinds{zero, small - zero, large};
  });
}

double sum_of_squares(DType dtype, const void* values, std::size_t count) {
  return dispatch_float(dtype, [&]<class T>(T) {
    const T* x = static_cast<const T*>(values);
    return sum<double>(count, [x](std::size_t i) {
      const auto value = static_cast<double>(x[i]);
      return value * value;
    });
  });
}

double sum_of_squared_differences(DType dtype, const void* a, const void* b, std::size_t count) {
  return dispatch_float(dtype, [&]<class T>(T) {
    const T* x = static_cast<const T*>(a);
    const T* y = static_cast<const T*>(b);
    return sum<double>(count, [x, y](std::size_t i) {
      const double difference = static_cast<double>(x[i]) - static_cast<double>(y[i]);
      return difference * difference;
    });
  });
}

double sum_of_clipped_squares(DType dtype, const void* values, std::size_t count, double limit) {
  return dispatch_float(dtype, [&]<class T>(T) {
    const T* x = static_cast<const T*>(values);
    return sum<double>(count, [x, limit](std::size_t i) {
      const double size = std::abs(static_cast<double>(x[i]));
      const double clipped = size > limit ? limit : size;
      return clipped * clipped;
    });
  });
}

}  // namespace wengert::detail
