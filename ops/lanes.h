// SPDX-License-Identifier: MIT
// SIMD lanes for elementwise kernels: one generic lambda over `Lanes<T>` is the whole kernel. The
// tail of an array goes through the same lanes as its body, so that a result does not depend on
// where in the buffer an element lies. Internal: xsimd stays behind ops/ and optim/ sources.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <utility>

#include "lanes_fused.h"

namespace wengert::detail {

template <class T>
using Lanes = xsimd::batch<T>;
template <class T>
using LaneMask = xsimd::batch_bool<T>;

/// Where one operand of an elementwise kernel comes from: an array, or one value for all lanes.
template <class T>
struct Stream {
  const T* data;
  bool moves;

  Lanes<T> at(std::size_t i) const {
    return moves ? Lanes<T>::load_unaligned(data + i) : Lanes<T>(*data);
  }
  Lanes<T> tail(std::size_t i, std::size_t count) const {
    if (!moves) return Lanes<T>(*data);
    alignas(64) T padded[Lanes<T>::size] = {};
    std::memcpy(padded, data + i, count * sizeof(T));
    return Lanes<T>::load_aligned(padded);
  }
};

/// out[i] = f(streams[0][i], streams[1][i], ...) for i < n. `out` may be one of the streams. Not
/// inlined: one copy of a kernel serves contiguous and broadcast operands.
template <class T, std::size_t N, class F>
[[gnu::noinline]] void transform(std::size_t n, T* out, const std::array<Stream<T>, N>& streams,
                                 F f) {
  constexpr std::size_t width = Lanes<T>::size;
  [&]<std::size_t... K>(std::index_sequence<K...>) {
    std::size_t i = 0;
    if ((streams[K].moves && ...)) {
      for (; i + width <= n; i += width)
        f(Lanes<T>::load_unaligned(streams[K].data + i)...).store_unaligned(out + i);
    } else {
      for (; i + width <= n; i += width) f(streams[K].at(i)...).store_unaligned(out + i);
    }
    if (i < n) {
      alignas(64) T padded[width];
      f(streams[K].tail(i, n - i)...).store_aligned(padded);
      std::memcpy(out + i, padded, (n - i) * sizeof(T));
    }
  }
  (std::make_index_sequence<N>{});
}

/// (out[0][i], out[1][i], ...) = f(in[0][i], in[1][i], ...) for i < n, f returning an array of
/// lanes. An output may be one of the inputs.
template <class T, std::size_t M, std::size_t N, class F>
void transform_many(std::size_t n, const std::array<T*, M>& out, const std::array<const T*, N>& in,
                    F f) {
  constexpr std::size_t width = Lanes<T>::size;
  [&]<std::size_t... K>(std::index_sequence<K...>) {
    std::size_t i = 0;
    for (; i + width <= n; i += width) {
      const std::array<Lanes<T>, M> results = f(Lanes<T>::load_unaligned(in[K] + i)...);
      for (std::size_t m = 0; m < M; ++m) results[m].store_unaligned(out[m] + i);
    }
    if (i == n) return;
    alignas(64) T padded[width];
    const std::array<Lanes<T>, M> results = f(Stream<T>{in[K], true}.tail(i, n - i)...);
    for (std::size_t m = 0; m < M; ++m) {
      results[m].store_aligned(padded);
      std::memcpy(out[m] + i, padded, (n - i) * sizeof(T));
    }
  }
  (std::make_index_sequence<N>{});
}

// Functions that the lambdas of ops/ use beside xsimd's own; each has a twin over Var.

template <class T>
Lanes<T> where(const LaneMask<T>& condition, const Lanes<T>& a, const Lanes<T>& b) {
  return xsimd::select(condition, a, b);
}
template <class T>
Lanes<T> where(const LaneMask<T>& condition, const Lanes<T>& a, double b) {
  return xsimd::select(condition, a, Lanes<T>(static_cast<T>(b)));
}
template <class T>
Lanes<T> where(const LaneMask<T>& condition, double a, const Lanes<T>& b) {
  return xsimd::select(condition, Lanes<T>(static_cast<T>(a)), b);
}
template <class T>
LaneMask<T> equal(const Lanes<T>& a, const Lanes<T>& b) {
  return a == b;
}
/// NaN differs from everything; xsimd 8.1's != has it equal on AVX and AVX-512.
template <class T>
LaneMask<T> not_equal(const Lanes<T>& a, const Lanes<T>& b) {
  return !(a == b);
}
template <class T>
LaneMask<T> not_equal(const Lanes<T>& a, double b) {
  return !(a == Lanes<T>(static_cast<T>(b)));
}
template <class T>
Lanes<T> square(const Lanes<T>& x) {
  return x * x;
}
template <class T>
Lanes<T> reciprocal(const Lanes<T>& x) {
  return Lanes<T>(T{1}) / x;
}
/// -1, 0 or 1; NaN for NaN.
template <class T>
Lanes<T> sign(const Lanes<T>& x) {
  const Lanes<T> zero(T{0});
  return where(x > zero, 1.0, where(x < zero, -1.0, x));
}
/// 1 / (1 + e^-x) without overflow on either side.
template <class T>
Lanes<T> sigmoid(const Lanes<T>& x) {
  const Lanes<T> small = exp(-abs(x));  // at most 1
  const Lanes<T> one(T{1});
  return where(x >= Lanes<T>(T{0}), one, small) / (one + small);
}
/// log(1 + e^x) = max(x, 0) + log1p(e^-|x|).
template <class T>
Lanes<T> softplus(const Lanes<T>& x) {
  const Lanes<T> zero(T{0});
  return where(x > zero, x, where(x <= zero, zero, x)) + log1p(exp(-abs(x)));
}

/// f of one lane after the other.
template <class T, class F>
Lanes<T> one_by_one(const Lanes<T>& x, F f) {
  alignas(64) T values[Lanes<T>::size];
  x.store_aligned(values);
  for (T& value : values) value = f(value);
  return Lanes<T>::load_aligned(values);
}

/// xsimd 8.1 is 68 ulp off for f64 (and 2.3 for f32), which a gradient check in f64 would see.
inline Lanes<double> exact_erf(const Lanes<double>& x) {
  return one_by_one(x, [](double v) { return std::erf(v); });
}
inline Lanes<float> exact_erf(const Lanes<float>& x) { return erf(x); }

/// xsimd 8.1 reads the exponent of a denormal f64 before it has scaled it.
inline Lanes<double> exact_log(const Lanes<double>& x) {
  const LaneMask<double> tiny = x < Lanes<double>(std::numeric_limits<double>::min());
  if (xsimd::none(tiny)) return log(x);
  const Lanes<double> y = log(xsimd::select(tiny, x * Lanes<double>(0x1p54), x));
  return xsimd::select(tiny, y - Lanes<double>(54 * 0.69314718055994530942), y);
}
inline Lanes<float> exact_log(const Lanes<float>& x) { return log(x); }

/// The normal distribution function, by erfc because 1 + erf would cancel below 0.
inline Lanes<double> normal_cdf(const Lanes<double>& x) {
  return one_by_one(x, [](double v) {
    const double t = v * -0.70710678118654752440;
    const double y = 0.5 * std::erfc(t);
    if (!(v < 0.0 && y > 0.0)) return y;
    // Here erfc is as steep as e^(-v^2/2): what rounding took from t^2 = v^2/2 is put back.
    const double p = 0.5 * v * v;
    return y + y * (std::fma(t, t, -p) - std::fma(0.5 * v, v, -p));
  });
}
/// xsimd's erfc takes e to a rounded square: up to 2 x^2 ulp off below 0.
inline Lanes<float> normal_cdf(const Lanes<float>& x) {
  return Lanes<float>(0.5F) * erfc(x * Lanes<float>(-0.70710678F));
}

/// sin(x) for 0 quarters, cos(x) for 1. xsimd 8.1 reduces a whole batch in the way that its largest
/// lane needs, which moves the last bit of the others. Here every lane is reduced by itself (Cody
/// and Waite 1980), and one beyond the reach of that is libm's.
template <int quarters, class T>
Lanes<T> exact_sine(const Lanes<T>& x) {
  constexpr bool single = sizeof(T) == 4;
  const Lanes<T> size = abs(x);
  const LaneMask<T> near = size <= Lanes<T>(single ? T(62) : T(1e5));
  const Lanes<T> zero(T{0});
  const Lanes<T> reach = xsimd::select(near, size, zero);
  const Lanes<T> n = nearbyint(reach * Lanes<T>(static_cast<T>(0.63661977236758134308)));
  // pi/2 in three parts; n times the first two is exact.
  Lanes<T> rest = reach - n * Lanes<T>(single ? T(1.5703125) : T(1.57079632673412561417));
  rest -= n * Lanes<T>(single ? T(4.837512969970703125e-4) : T(6.07710050630396597660e-11));
  rest -= n * Lanes<T>(single ? T(7.549789954891e-8) : T(2.02226624879595063154e-21));
  const auto [s, c] = xsimd::sincos(rest);
  const Lanes<T> turned = n + Lanes<T>(static_cast<T>(quarters));
  const Lanes<T> quadrant = turned - Lanes<T>(T{4}) * floor(turned * Lanes<T>(T{0.25}));
  const LaneMask<T> odd = quadrant == Lanes<T>(T{1}) || quadrant == Lanes<T>(T{3});
  const Lanes<T> value = xsimd::select(odd, c, s);
  Lanes<T> result = xsimd::select(quadrant >= Lanes<T>(T{2}), -value, value);
  if constexpr (quarters == 0) result = result ^ xsimd::bitofsign(x);
  if (xsimd::all(near)) return result;
  const Lanes<T> far = one_by_one(xsimd::select(near, zero, x),
                                  [](T v) { return quarters == 0 ? std::sin(v) : std::cos(v); });
  return xsimd::select(near, result, far);
}
template <class T>
Lanes<T> exact_sin(const Lanes<T>& x) {
  return exact_sine<0>(x);
}
template <class T>
Lanes<T> exact_cos(const Lanes<T>& x) {
  return exact_sine<1>(x);
}

/// xsimd 8.1 is 14 ulp off for both types and loses the sign of negative bases.
template <class T>
Lanes<T> exact_pow(const Lanes<T>& base, const Lanes<T>& exponent) {
  alignas(64) T bases[Lanes<T>::size];
  alignas(64) T exponents[Lanes<T>::size];
  base.store_aligned(bases);
  exponent.store_aligned(exponents);
  for (std::size_t i = 0; i < Lanes<T>::size; ++i)
    bases[i] =
        static_cast<T>(std::pow(static_cast<double>(bases[i]), static_cast<double>(exponents[i])));
  return Lanes<T>::load_aligned(bases);
}

}  // namespace wengert::detail
