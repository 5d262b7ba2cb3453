// SPDX-License-Identifier: MIT
// What the lecture's programs draw: curves of a training, bands over several, points of two
// classes. Not part of the library.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <wengert/figures/figure.h>
#include <wengert/wengert.h>

inline double training_loss(const wengert::EpochRecord& epoch) { return epoch.loss; }
inline double validation_loss(const wengert::EpochRecord& epoch) {
  return epoch.validation_loss ? epoch.validation_loss->value : wengert::not_measured;
}

inline auto validation_metric(const std::string& name) {
  return
      [name](const wengert::EpochRecord& epoch) { return epoch.validation_metrics.at(name).value; };
}

/// A number of each epoch.
inline wengert::Series curve(const std::string& name, const wengert::History& history,
                             const auto& number) {
  wengert::Series result{.name = name};
  for (const wengert::EpochRecord& epoch : history.epochs) {
    result.x.push_back(static_cast<double>(epoch.epoch));
    result.y.push_back(number(epoch));
  }
  return result;
}

/// Its median over several trainings of the same length, in the band from the least to the largest.
inline wengert::Series band(const std::string& name, const std::vector<wengert::History>& histories,
                            const auto& number) {
  wengert::Series result = curve(name, histories.front(), number);
  for (std::size_t i = 0; i < result.x.size(); ++i) {
    std::vector<double> values;
    for (const wengert::History& history : histories)
      if (i < history.epochs.size()) values.push_back(number(history.epochs[i]));
    std::ranges::sort(values);
    const std::size_t n = values.size();
    result.y[i] = (values[(n - 1) / 2] + values[n / 2]) / 2;
    result.low.push_back(values.front());
    result.high.push_back(values.back());
  }
  return result;
}

/// Loss curves against the epoch.
inline wengert::Panel loss_panel(const std::string& title, std::vector<wengert::Series> series) {
  return {.title = title,
          .x = {.label = "epoch", .whole = true},
          .y = {.label = "cross-entropy / nats", .log = true},
          .series = std::move(series)};
}

/// Those of one training.
inline wengert::Panel loss_panel(const std::string& title, const wengert::History& history) {
  return loss_panel(title, {curve("training", history, training_loss),
                            curve("validation", history, validation_loss)});
}

/// Points [n, 2] of classes 0 and 1, and where on a grid the model's output changes its sign.
inline wengert::Panel boundary(const std::string& title, const wengert::data::Dataset& points,
                               const auto& model) {
  std::vector<wengert::Series> series(3, {.style = wengert::Series::Style::points});
  series[0].name = "class 0", series[1].name = "class 1", series[2].name = "boundary";
  const auto add = [&](std::size_t i, double x, double y) {
    series[i].x.push_back(x), series[i].y.push_back(y);
  };
  for (std::size_t i = 0; i < points.size(); ++i)
    add(points.targets[i].item() > 0 ? 1 : 0, points.inputs[i][0].item(),
        points.inputs[i][1].item());
  constexpr int cells = 80;
  constexpr double limit = 2, cell = 2 * limit / cells;
  const auto place = [](int i) { return -limit + cell * i; };
  const auto side = [&](int i, int j) {
    return model(wengert::matrix({{place(i), place(j)}})).item() > 0;
  };
  for (int i = 0; i < cells; ++i)
    for (int j = 0; j < cells; ++j)
      if (side(i, j) != side(i + 1, j) || side(i, j) != side(i, j + 1)) add(2, place(i), place(j));
  return {.title = title,
          .x = {.label = "x_1", .low = -limit, .high = limit},
          .y = {.label = "x_2", .low = -limit, .high = limit},
          .series = series};
}
