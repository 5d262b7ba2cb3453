// SPDX-License-Identifier: MIT
// A series as samples: what was seen before and what came next. Splitting is by time, so that
// nothing of the future is trained on.
#pragma once

#include <cstddef>

#include "dataset.h"
#include "split.h"

namespace wengert::data {

struct WindowOptions {
  std::size_t length = 0;   ///< steps a model sees
  std::size_t horizon = 1;  ///< steps right after them that it is to predict
  std::size_t stride = 1;   ///< steps from the start of one window to that of the next
};

/// Of a series [n] or [n, d] (time first): inputs [m, length] or [m, length, d] and targets
/// [m, horizon] or [m, horizon, d], with m = (n - length - horizon) / stride + 1 rounded down.
/// Errors: ValueError if an option is 0 or the series is too short for one window.
Dataset windows(const Tensor& series, const WindowOptions& options);

struct SeriesSplit {
  Tensor train, validation, test;
};
/// The parts of a series one after the other in time, training first; shares memory. Sizes and
/// errors as `split`.
SeriesSplit split_in_time(const Tensor& series, const SplitOptions& options);
/// The windows of each part by itself. None reaches over a border, so no step that validation or
/// test sees or predicts is in a training window; each border costs length + horizon - 1 windows.
/// Errors: also ValueError naming the part that is too short for a window.
Split split_in_time(const Tensor& series, const SplitOptions& options,
                    const WindowOptions& windows);

}  // namespace wengert::data
