// SPDX-License-Identifier: MIT
// A series forecast block by block, by models that learned from all that came before, and their
// errors. Not part of the library.
#pragma once

#include <cmath>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <wengert/wengert.h>

/// The times [begin, end) of a series f64 [n, 1] to be forecast, a step ahead of what was seen,
/// from windows of `length` steps; the targets are what follows each of a window's steps.
struct SeriesBlock {
  wengert::data::Standardizer scaler;
  wengert::data::Dataset train, test;  ///< standardised, [windows, length, 1]

  SeriesBlock(const wengert::Tensor& series, std::size_t begin, std::size_t end, std::size_t length)
      : scaler(series.rows(0, begin)) {
    auto all = wengert::data::windows(scaler.apply(series).to(wengert::f32), {.length = length});
    const auto later = wengert::slice(all.inputs, 1, 1, std::int64_t(length));
    all.targets = wengert::concat({later, all.targets}, 1).value();
    train = all.rows(0, begin - length), test = all.rows(begin - length, end - length);
  }
  /// In the units of the series, [n, 1].
  wengert::Tensor unscaled(const wengert::Var& y) const {
    return scaler.undo(y.value().reshape({-1, 1}).to(wengert::f64));
  }
};

/// The last `count` steps of every window [windows, length, ...].
inline wengert::Tensor recent(const wengert::Var& x, std::size_t count) {
  return wengert::slice(x, 1, -std::int64_t(count), std::int64_t(x.shape()[1])).value();
}
inline std::vector<double> squared(const wengert::Tensor& x) {
  const wengert::Tensor squares = wengert::square(x).value();
  return {squares.data<double>().begin(), squares.data<double>().end()};
}

struct ForecastErrors {
  /// Squared errors of each training of a model, by its name: [training][time].
  std::map<std::string, std::vector<std::vector<double>>> squares = {};

  /// The next times, as this training of the model forecast them.
  void add(const std::string& model, std::size_t training, std::span<const double> forecast,
           std::span<const double> truth) {
    auto& trainings = squares[model];
    if (trainings.size() <= training) trainings.resize(training + 1);
    for (std::size_t t = 0; t < truth.size(); ++t)
      trainings[training].push_back((forecast[t] - truth[t]) * (forecast[t] - truth[t]));
  }
  /// Root of the mean over the times from `from` on: its mean over the trainings.
  wengert::Estimate rms(const std::string& model, std::size_t from = 0) const {
    std::vector<double> roots;
    for (const auto& training : squares.at(model))
      roots.push_back(std::sqrt(wengert::mean_of(std::span(training).subspan(from))));
    return wengert::mean_of(roots);
  }
  /// By how much a's squared error is above b's at the same time: its mean over all times.
  wengert::Estimate excess(const std::string& a, const std::string& b) const {
    std::vector<double> differences(squares.at(a)[0].size());
    for (const auto& [model, sign] : {std::pair{a, 1.0}, std::pair{b, -1.0}})
      for (const auto& training : squares.at(model))
        for (std::size_t t = 0; t < training.size(); ++t)
          differences[t] += sign * training[t] / double(squares.at(model).size());
    return wengert::mean_of(differences);
  }
};
