// SPDX-License-Identifier: MIT
// A step of the LSTM: over lanes or Var, and over the rows of a batch, each with its gates i f g o
// side by side. Internal: included by the sources of ops/ only.
#pragma once

#include <array>
#include <cstddef>

#include "lanes.h"

namespace wengert::detail {

/// i, f, g, o, c, h from what the gates are given and the cell before.
template <class V>
std::array<V, 6> lstm_step(const V& a_i, const V& a_f, const V& a_g, const V& a_o,
                           const V& before) {
  const V i = sigmoid(a_i);
  const V f = sigmoid(a_f);
  const V g = tanh(a_g);
  const V o = sigmoid(a_o);
  const V c = f * before + i * g;
  return {i, f, g, o, c, o * tanh(c)};
}

/// The values of a step, the cell before it, and the cotangents of its values, those of h and c
/// with what the steps after it add.
template <class V>
struct LstmStep {
  V i, f, g, o, c, before;
  V by_i, by_f, by_g, by_o, by_c, by_h;
};

/// The cotangents of what i, f, g, o were given, and of the cell before.
template <class V>
std::array<V, 5> lstm_step_back(const LstmStep<V>& s) {
  const V tanh_c = tanh(s.c);
  const V by_c = s.by_c + s.by_h * s.o * (1.0 - tanh_c * tanh_c);
  return {(s.by_i + by_c * s.g) * s.i * (1.0 - s.i), (s.by_f + by_c * s.before) * s.f * (1.0 - s.f),
          (s.by_g + by_c * s.i) * (1.0 - s.g * s.g), (s.by_o + s.by_h * tanh_c) * s.o * (1.0 - s.o),
          by_c * s.f};
}

// Flattened, because calls of an exponential a vector cost as much as what they compute.

/// What the gates are given becomes the gates.
template <class T>
[[gnu::flatten]] void lstm_rows(std::size_t rows, std::size_t n, const T* c_before, T* gates, T* c,
                                T* h) {
  for (; rows-- > 0; gates += 4 * n, c_before += n, c += n, h += n)
    transform_many<T, 6, 5>(n, {gates, gates + n, gates + 2 * n, gates + 3 * n, c, h},
                            {gates, gates + n, gates + 2 * n, gates + 3 * n, c_before},
                            lstm_step<Lanes<T>>);
}

/// What a step's pullback reads, row after row.
template <class T>
struct LstmRows {
  const T *gates, *c, *c_before;
  const T *by_gates, *by_c, *by_h;
  const T* later_h;  ///< the cotangent of h from the steps after this
};
/// later_c, the cotangent of c from the steps after this, becomes that for the step before; `to`
/// the cotangents of what the gates were given.
template <class T>
[[gnu::flatten]] void lstm_rows_back(std::size_t rows, std::size_t n, LstmRows<T> from, T* later_c,
                                     T* to) {
  for (; rows-- > 0; later_c += n, to += 4 * n) {
    const T* y = from.gates;
    const T* by = from.by_gates;
    transform_many<T, 5, 14>(
        n, {to, to + n, to + 2 * n, to + 3 * n, later_c},
        {y, y + n, y + 2 * n, y + 3 * n, from.c, from.c_before, by, by + n, by + 2 * n, by + 3 * n,
         from.by_c, later_c, from.by_h, from.later_h},
        [](auto i, auto f, auto g, auto o, auto c, auto before, auto by_i, auto by_f, auto by_g,
           auto by_o, auto own_c, auto c_after, auto own_h, auto h_after) {
          return lstm_step_back<Lanes<T>>(
              {i, f, g, o, c, before, by_i, by_f, by_g, by_o, own_c + c_after, own_h + h_after});
        });
    for (const T** next : {&from.gates, &from.by_gates}) *next += 4 * n;
    for (const T** next : {&from.c, &from.c_before, &from.by_c, &from.by_h, &from.later_h})
      *next += n;
  }
}

}  // namespace wengert::detail
