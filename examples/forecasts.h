// SPDX-License-Identifier: MIT
// Densities of what is observed next, and the signal behind it, as a Kalman filter or a net has
// them. Not part of the library.
#pragma once

#include <cmath>
#include <numbers>
#include <vector>

#include <wengert/wengert.h>

/// What a model makes of observations y_1 ... y_T, each [T, batch, 1].
struct Forecast {
  wengert::Var nats;           ///< -ln p(y_t | y_1 ... y_{t-1})
  wengert::Var ahead;          ///< the signal at t expected from y_1 ... y_{t-1}
  wengert::Var filtered = {};  ///< from y_1 ... y_t
};

inline Forecast filter(const wengert::KalmanCell& cell, const wengert::Var& y) {
  std::vector<wengert::Var> nats, ahead, filtered;
  const auto C = cell.model.C.value();
  auto before = cell.initial(wengert::select(y, 0, 0));
  for (const wengert::KalmanState& state : wengert::unroll(cell, y).states) {
    nats.push_back(-wengert::unsqueeze(state.log_density, 1));
    ahead.push_back(wengert::linear(cell.predicted(before).mean, C));
    filtered.push_back(wengert::linear(state.mean, C));
    before = state;
  }
  return {wengert::stack(nats), wengert::stack(ahead), wengert::stack(filtered)};
}

/// Of means and logarithms of variances, [T, batch, 2].
inline Forecast normal(const wengert::Var& guess, const wengert::Var& y) {
  const auto nats = wengert::gaussian_nll(guess, y, {.reduction = wengert::Reduction::none});
  return {wengert::reshape(nats, y.shape()) + std::log(2 * std::numbers::pi) / 2,
          wengert::slice(guess, 2, 0, 1)};
}
