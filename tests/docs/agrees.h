// SPDX-License-Identifier: MIT
// Holds a number in a document to what the code before it gives.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <stdexcept>

#include <wengert/wengert.h>

inline void agrees(int line, double value, double expected) {
  if (!(std::abs(value - expected) <= 1e-6 * std::max(1.0, std::abs(expected))))
    throw std::runtime_error(
        wengert::format("line {}: {:.9g} stands there, but it is {:.9g}", line, expected, value));
}
inline void agrees(int line, const wengert::Var& value, double expected) {
  agrees(line, value.item(), expected);
}
inline void agrees(int line, const wengert::Tensor& value, double expected) {
  agrees(line, value.item(), expected);
}
inline void agrees(int line, std::integral auto value, double expected) {
  agrees(line, static_cast<double>(value), expected);
}
