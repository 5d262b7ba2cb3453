// SPDX-License-Identifier: MIT
// A step of the GRU: its derivatives over lanes or Var, and its passes over the rows of a batch,
// each with four blocks r z q n side by side; q is the recurrent part of n. Internal: included by
// the sources of ops/ only.
#pragma once

#include <array>
#include <cstddef>

#include "lanes.h"

namespace wengert::detail {

// y is a value, by_y its cotangent; what they give is the cotangent of what the function was given.
template <class V>
V through_sigmoid(const V& y, const V& by_y) {
  return by_y * y * (1.0 - y);
}
template <class V>
V through_tanh(const V& y, const V& by_y) {
  return by_y * (1.0 - y * y);
}

/// Cotangents of what z and n were given, and of the state before by way of z.
template <class V>
struct GruMix {
  V a_z, a_n, before;
};
/// Of h = (1 - z) n + z before.
template <class V>
GruMix<V> gru_mix_back(const V& z, const V& n, const V& before, const V& by_z, const V& by_n,
                       const V& by_h) {
  return {through_sigmoid<V>(z, by_z + by_h * (before - n)),
          through_tanh<V>(n, by_n + by_h * (1.0 - z)), by_h * z};
}

// Flattened, because calls of an exponential a vector cost as much as what they compute.

/// The whole step where r multiplies q: what r z n are given, and q, become r z q n.
template <class T>
[[gnu::flatten]] void gru_rows(std::size_t rows, std::size_t u, const T* before, T* y, T* h) {
  for (; rows-- > 0; before += u, y += 4 * u, h += u)
    transform_many<T, 4, 5>(u, {y, y + u, y + 3 * u, h}, {y, y + u, y + 2 * u, y + 3 * u, before},
                            [](auto a_r, auto a_z, auto q, auto a_n, auto last) {
                              const auto r = sigmoid(a_r);
                              const auto z = sigmoid(a_z);
                              const auto n = tanh(a_n + r * q);
                              return std::array{r, z, n, (1.0 - z) * n + z * last};
                            });
}

/// r, z and q = r h, where q is what a product makes the recurrent part of n from.
template <class T>
[[gnu::flatten]] void gru_rows_reset(std::size_t rows, std::size_t u, const T* before, T* y) {
  for (; rows-- > 0; before += u, y += 4 * u)
    transform_many<T, 3, 3>(u, {y, y + u, y + 2 * u}, {y, y + u, before},
                            [](auto a_r, auto a_z, auto last) {
                              const auto r = sigmoid(a_r);
                              return std::array{r, sigmoid(a_z), r * last};
                            });
}
/// n and h, after gru_rows_reset() and that product.
template <class T>
[[gnu::flatten]] void gru_rows_mix(std::size_t rows, std::size_t u, const T* before, T* y, T* h) {
  for (; rows-- > 0; before += u, y += 4 * u, h += u)
    transform_many<T, 2, 3>(u, {y + 3 * u, h}, {y + u, y + 3 * u, before},
                            [](auto z, auto a_n, auto last) {
                              const auto n = tanh(a_n);
                              return std::array{n, (1.0 - z) * n + z * last};
                            });
}

/// What a step's pullback reads, row after row; by_y and by_h are cotangents of y and h.
template <class T>
struct GruRows {
  const T *before, *y, *by_y, *by_h;
};

/// Of gru_rows(): `to` becomes the cotangents of what r and z were given, of q and of what n was;
/// `later`, the cotangent of h from the steps after this, that of the state before by way of z.
template <class T>
[[gnu::flatten]] void gru_rows_back(std::size_t rows, std::size_t u, GruRows<T> from, T* later,
                                    T* to) {
  for (; rows-- > 0; later += u, to += 4 * u) {
    const auto [before, y, by, by_h] = from;
    transform_many<T, 5, 11>(
        u, {to, to + u, to + 2 * u, to + 3 * u, later},
        {y, y + u, y + 2 * u, y + 3 * u, before, by, by + u, by + 2 * u, by + 3 * u, by_h, later},
        [](auto r, auto z, auto q, auto n, auto last, auto by_r, auto by_z, auto by_q, auto by_n,
           auto own, auto after) {
          const auto mix = gru_mix_back<Lanes<T>>(z, n, last, by_z, by_n, own + after);
          return std::array{through_sigmoid<Lanes<T>>(r, by_r + mix.a_n * q), mix.a_z,
                            by_q + mix.a_n * r, mix.a_n, mix.before};
        });
    from = {before + u, y + 4 * u, by + 4 * u, by_h + u};
  }
}

/// Of gru_rows_mix(): as gru_rows_back(), but for r and q.
template <class T>
[[gnu::flatten]] void gru_rows_mix_back(std::size_t rows, std::size_t u, GruRows<T> from, T* later,
                                        T* to) {
  for (; rows-- > 0; later += u, to += 4 * u) {
    const auto [before, y, by, by_h] = from;
    transform_many<T, 3, 7>(
        u, {to + u, to + 3 * u, later}, {y + u, y + 3 * u, before, by + u, by + 3 * u, by_h, later},
        [](auto z, auto n, auto last, auto by_z, auto by_n, auto own, auto after) {
          const auto mix = gru_mix_back<Lanes<T>>(z, n, last, by_z, by_n, own + after);
          return std::array{mix.a_z, mix.a_n, mix.before};
        });
    from = {before + u, y + 4 * u, by + 4 * u, by_h + u};
  }
}
/// Of gru_rows_reset(), after that and the product, which has put q's cotangent into `to`.
template <class T>
[[gnu::flatten]] void gru_rows_reset_back(std::size_t rows, std::size_t u, GruRows<T> from,
                                          T* later, T* to) {
  for (; rows-- > 0; later += u, to += 4 * u) {
    const auto [before, y, by, by_h] = from;
    transform_many<T, 2, 6>(
        u, {to, later}, {y, before, by, by + 2 * u, to + 2 * u, later},
        [](auto r, auto last, auto by_r, auto own_q, auto later_q, auto by_before) {
          const auto by_q = own_q + later_q;
          return std::array{through_sigmoid<Lanes<T>>(r, by_r + by_q * last), by_before + by_q * r};
        });
    from = {before + u, y + 4 * u, by + 4 * u, by_h + u};
  }
}

}  // namespace wengert::detail
