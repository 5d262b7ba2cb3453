// SPDX-License-Identifier: MIT
#include "rate_range.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "../data/loader.h"
#include "../graph/denormals.h"
#include "../graph/error.h"
#include "../graph/tape.h"
#include "batch_weighting.h"
#include "training_state.h"

namespace wengert {
namespace {

constexpr double exploded = 4.0;

void check(const RateRangeOptions& options) {
  if (!(options.low > 0 && options.low < options.high))
    throw ValueError(fmt::format("rate_range: 0 < low < high is needed, got {} and {}", options.low,
                                 options.high));
  if (options.steps < 10)
    throw ValueError(
        fmt::format("rate_range: {} steps show nothing, take 10 or more", options.steps));
  if (!(options.smoothing >= 0 && options.smoothing < 1))
    throw ValueError(
        fmt::format("rate_range: smoothing lies in [0, 1), got {}", options.smoothing));
}

// The slope by central differences over a few steps on each side, in the logarithm of the rate.
void find_rates(RateRange& range) {
  constexpr std::size_t reach = 3;
  const std::vector<double>& y = range.smooth;
  range.steepest = range.least = std::numeric_limits<double>::quiet_NaN();
  double slope = 0;
  std::size_t best = 0;
  for (std::size_t i = 0; i < y.size(); ++i)
    if (y[i] < y[best]) best = i;
  if (!y.empty()) range.least = range.rates[best];
  for (std::size_t i = reach; i + reach < y.size(); ++i) {
    const double here =
        (y[i + reach] - y[i - reach]) / std::log(range.rates[i + reach] / range.rates[i - reach]);
    if (here >= slope) continue;
    slope = here;
    range.steepest = range.rates[i];
  }
}

}  // namespace

RateRange rate_range(const ModelRef& model, const data::Dataset& data,
                     const RateRangeOptions& options) {
  check(options);
  const detail::BatchLoss loss_of("rate_range", options.loss, data);
  const data::BatchLoader loader(data, {.batch = options.batch, .seed = options.seed});
  model(loader.epoch(1)[0].inputs);  // every layer has its sizes before they are kept
  TrainingState state;
  state.add_model("model", model);
  const Snapshot before = state.snapshot();
  AnyOptimizer optimizer = options.optimizer;

  // Also when the loss or the model throws.
  struct PutBack {
    const TrainingState& state;
    const Snapshot& before;
    ~PutBack() { state.restore(before); }
  };
  const PutBack put_back{state, before};
  RateRange range;
  const FlushDenormals flush;
  double average = 0;
  double weight = 0;
  double least = std::numeric_limits<double>::infinity();
  const double factor =
      std::pow(options.high / options.low, 1.0 / static_cast<double>(options.steps - 1));
  const std::size_t batches = loader.batches();
  for (std::size_t step = 0; step < options.steps; ++step) {
    optimizer->set_rate(options.low * std::pow(factor, static_cast<double>(step)));
    const data::Batch batch = loader.epoch(step / batches + 1)[step % batches];
    Tape tape;
    const Var loss = loss_of(model(tape.input(batch.inputs), batch.mask), batch).loss;
    average = options.smoothing * average + (1 - options.smoothing) * loss.item();
    weight = options.smoothing * weight + (1 - options.smoothing);
    const double smooth = average / weight;
    if (!std::isfinite(smooth)) break;
    range.rates.push_back(optimizer->rate());
    range.losses.push_back(loss.item());
    range.smooth.push_back(smooth);
    least = std::min(least, smooth);
    if (smooth > exploded * std::abs(least)) break;
    optimizer->update(std::span<Parameter* const>(model.parameters()), tape.backward(loss));
  }
  find_rates(range);
  return range;
}

Figure figure_of(const RateRange& range) {
  Panel panel{
      .x = {.label = "learning rate", .log = true},
      .y = {.label = "loss of the batch"},
      .series = {
          {.name = "batch", .x = range.rates, .y = range.losses, .style = Series::Style::points},
          {.name = "average", .x = range.rates, .y = range.smooth}}};
  if (std::isfinite(range.steepest))
    panel.marks.push_back({.at = range.steepest,
                           .text = fmt::format("falls fastest: {:.2g}", range.steepest),
                           .vertical = true});
  if (std::isfinite(range.least))
    panel.marks.push_back(
        {.at = range.least, .text = fmt::format("least: {:.2g}", range.least), .vertical = true});
  return {.title = "Learning-rate range test", .panels = {std::move(panel)}};
}

}  // namespace wengert
