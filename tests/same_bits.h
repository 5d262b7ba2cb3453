// SPDX-License-Identifier: MIT
// Equality to the last bit, NaN and the sign of zero included.
#pragma once

#include <cstring>

#include <wengert/graph/tensor.h>

inline bool same_bits(const wengert::Tensor& a, const wengert::Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         (a.size() == 0 ||
          std::memcmp(a.address(), b.address(), a.size() * wengert::size_of(a.dtype())) == 0);
}
