// SPDX-License-Identifier: MIT
// Lorenz's equations (1963) with his parameters 10, 28 and 8/3, as ops: on a tape they are
// differentiated. Not part of the library.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <wengert/wengert.h>

namespace lorenz {

constexpr double dt = 0.02;  ///< units of time a step
constexpr double width = 8;  ///< of the attractor, about

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

/// The largest Lyapunov exponents over several runs, in inverse units of time.
struct Exponents {
  std::vector<std::vector<double>> values = {};  ///< [exponent][run]

  /// Without the last tenth of the run, in which the directions turn into place.
  void add(const wengert::Tape& tape, std::span<const wengert::Var> states) {
    const std::size_t steps = states.size(), turn = steps / 10;
    const auto whole = wengert::gradflow::lyapunov(tape, states).exponents,
               end = wengert::gradflow::lyapunov(tape, states.last(turn)).exponents;
    values.resize(std::min<std::size_t>(whole.size(), 5));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i].push_back((whole[i] * double(steps - 1) - end[i] * double(turn - 1)) /
                          (double(steps - turn) * dt));
  }
  std::string text() const {
    std::string line;
    for (const auto& of : values) line += "  " + to_string(wengert::mean_of(of));
    return line;
  }
};

/// x and z along a trajectory of the equations and along one of a net, states [1, 3] each: the
/// first 30 units of time.
inline wengert::Figure attractors(std::span<const wengert::Var> equations,
                                  std::span<const wengert::Var> net) {
  const auto panel = [](const std::string& title, std::span<const wengert::Var> states) {
    wengert::Series xz;
    for (const wengert::Var& state : states.first(std::min<std::size_t>(states.size(), 1500))) {
      const auto values = state.value().data<double>();
      xz.x.push_back(values[0]), xz.y.push_back(values[2]);
    }
    return wengert::Panel{.title = title, .x = {.label = "x"}, .y = {.label = "z"}, .series = {xz}};
  };
  return {.panels = {panel("equations", equations), panel("net alone", net)},
          .share_x = true,
          .share_y = true};
}

}  // namespace lorenz
