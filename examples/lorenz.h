// SPDX-License-Identifier: MIT
// Lorenz's equations (1963) with his parameters 10, 28 and 8/3, as ops: on a tape they are
// differentiated. Not part of the library.
#pragma once

#include <cstddef>
#include <vector>

#include <wengert/wengert.h>

namespace lorenz {

constexpr double dt = 0.02;  ///< units of time a step

inline wengert::Var velocity(const wengert::Var& state) {
  const auto s = wengert::split(state, 3, 1);
  const auto &x = s[0], &y = s[1], &z = s[2];
  return wengert::concat({10 * (y - x), x * (28 - z) - y, x * y - 8.0 / 3 * z}, 1);
}

/// The steps after s [batch, 3] by the classical Runge-Kutta method.
inline std::vector<wengert::Var> trajectory(wengert::Var s, std::size_t steps) {
  std::vector<wengert::Var> result;
  for (std::size_t t = 0; t < steps; ++t) {
    const auto a = velocity(s), b = velocity(s + dt / 2 * a), c = velocity(s + dt / 2 * b),
               d = velocity(s + dt * c);
    result.push_back(s = s + dt / 6 * (a + 2 * b + 2 * c + d));
  }
  return result;
}

}  // namespace lorenz
