// SPDX-License-Identifier: MIT
// The learning-rate range test (Smith 2017, "Cyclical learning rates", section 3.3): the rate grows
// from step to step until the loss explodes, and the curve shows where learning works.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../data/dataset.h"
#include "../figures/figure.h"
#include "../nn/loss_function.h"
#include "../optim/any_optimizer.h"
#include "model_ref.h"

namespace wengert {

struct RateRange {
  std::vector<double> rates;   ///< one a step, growing geometrically
  std::vector<double> losses;  ///< of the step's batch, before the step
  std::vector<double> smooth;  ///< their exponential average, without its bias towards 0
  /// Where the smooth loss falls fastest per factor in the rate; NaN if it never falls.
  double steepest;
  /// Where it is least: rates from here on are too high.
  double least;
};

struct RateRangeOptions {
  Loss loss = mse;
  AnyOptimizer optimizer;
  double low = 1e-6;
  double high = 10.0;
  std::size_t steps = 200;
  std::size_t batch = 32;
  std::uint64_t seed = 1;
  double smoothing = 0.9;  ///< weight of the past in the average
};

/// Ends early when the smooth loss is four times its least value or no number. The model, its
/// buffers and its generators are as before afterwards; the optimizer is a copy. Weights and
/// padding are those of fit. Errors: ValueError for options that make no sense or no data; what the
/// model and the loss throw.
RateRange rate_range(const ModelRef& model, const data::Dataset& data,
                     const RateRangeOptions& options);

/// Loss against rate, the two rates marked.
Figure figure_of(const RateRange& range);

}  // namespace wengert
