// SPDX-License-Identifier: MIT
// Densities of what is observed next, and the signal behind it, as a Kalman filter or a net has
// them. Not part of the library.
#pragma once

#include <cmath>
#include <numbers>
#include <utility>
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

/// [T, batch, ...] <-> [batch, T, ...]
inline wengert::Tensor batch_first(const wengert::Var& x) {
  return wengert::transpose(x, 0, 1).value();
}
/// y_{t-1} in the place of y_t and 0 in that of y_1, batches first: what a guess at y_t may see.
inline wengert::Tensor delayed(const wengert::Var& y) {
  return batch_first(wengert::pad(wengert::slice(y, 0, 0, -1), {{1, 0}, {0, 0}, {0, 0}}));
}

/// Prints how models fare: nats an observation, how many more than the best one's, and the rms
/// error of the signal. Errors are over sequences: the steps of one depend on each other.
struct ForecastTable {
  wengert::Var signal;
  Forecast best;

  ForecastTable(wengert::Var signal_, Forecast best_)
      : signal(std::move(signal_)), best(std::move(best_)) {
    wengert::print("{:<28}{:<21}{:<22}signal's rms error ahead, filtered", "",
                   "nats an observation", "more than if told");
  }
  void print(const char* who, const Forecast& result) const {
    const wengert::Tensor own = wengert::mean(result.nats, {0, 2}).value();
    const wengert::Tensor more = wengert::mean(result.nats - best.nats, {0, 2}).value();
    const auto rms = [&](const wengert::Var& guess) {
      return wengert::format("{:.4f}", std::sqrt(wengert::mse(guess, signal).item()));
    };
    wengert::print("{:<28}{:<21}{:<22}{} {}", who, wengert::mean_of(own.data<double>()),
                   wengert::mean_of(more.data<double>()), rms(result.ahead),
                   result.filtered.value().defined() ? rms(result.filtered) : "");
  }
};
