// SPDX-License-Identifier: MIT
// Numbers of a fixed size in a binary file, in either byte order, as elements of a tensor.
// Internal.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include "byte_source.h"

namespace wengert::data {

/// The number whose bytes these are, the most significant first if `order` says so.
template <class T>
T number_of(const char* bytes, std::endian order) {
  std::array<char, sizeof(T)> native;
  std::memcpy(native.data(), bytes, sizeof(T));
  if (order != std::endian::native) std::reverse(native.begin(), native.end());
  return std::bit_cast<T>(native);
}

/// Reads out.size() numbers of type From and stores `convert` of each.
template <class From, class To, class Convert>
void read_values(ByteSource& source, std::span<To> out, std::endian order, Convert convert) {
  std::array<char, 1 << 16> piece;
  const std::size_t most = piece.size() / sizeof(From);
  while (!out.empty()) {
    const std::size_t count = std::min(most, out.size());
    source.fill(std::span(piece).first(count * sizeof(From)));
    // The order is tested out here so that each loop is one the compiler can vectorise.
    if (order == std::endian::native) {
      for (std::size_t i = 0; i < count; ++i)
        out[i] = convert(number_of<From>(&piece[i * sizeof(From)], std::endian::native));
    } else {
      for (std::size_t i = 0; i < count; ++i)
        out[i] = convert(number_of<From>(&piece[i * sizeof(From)], order));
    }
    out = out.subspan(count);
  }
}

template <class From, class To>
void read_values(ByteSource& source, std::span<To> out, std::endian order) {
  if (std::is_same_v<From, To> && order == std::endian::native)
    return source.fill({static_cast<char*>(static_cast<void*>(out.data())), out.size_bytes()});
  read_values<From>(source, out, order, [](From value) { return static_cast<To>(value); });
}

}  // namespace wengert::data
