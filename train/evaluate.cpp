// SPDX-License-Identifier: MIT
#include "evaluate.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "../data/loader.h"
#include "../data/sequences.h"
#include "../graph/error.h"
#include "../ops/arithmetic.h"
#include "../ops/layout.h"
#include "../ops/reduce.h"
#include "batch_weighting.h"

namespace wengert {
namespace {

/// Sums over independent samples of what is averaged and of what it is divided by.
struct Sums {
  std::vector<double> losses;
  std::vector<double> counts;  ///< weights, times the real steps of a sequence
};

/// sum a / sum b with its error: (a - R b) / mean b is what a sample moves the ratio R by (delta
/// method; Cochran 1977, chapter 6). Where all b are 1 it is sd / sqrt(n).
Estimate ratio_of(const Sums& sums) {
  double above = 0;
  double below = 0;
  std::size_t n = 0;
  for (std::size_t i = 0; i < sums.counts.size(); ++i) {
    above += sums.losses[i];
    below += sums.counts[i];
    n += sums.counts[i] != 0 ? 1 : 0;
  }
  if (!(below > 0))
    throw ValueError(fmt::format(
        "evaluate: the weights of all samples add up to {}, and the mean loss divides by them",
        below));
  Estimate result{.value = above / below, .n = n};
  if (n < 2) return result;
  double squares = 0;
  for (std::size_t i = 0; i < sums.counts.size(); ++i) {
    const double moved = sums.losses[i] - result.value * sums.counts[i];
    squares += moved * moved;
  }
  const auto count = static_cast<double>(n);
  result.error = std::sqrt(squares * count / (count - 1)) / below;
  return result;
}

/// Adds the samples of one batch, each by its own loss.
void add_samples(const Loss& loss, const Var& output, const data::Batch& batch, bool each_step,
                 Sums& sums) {
  const std::size_t n = batch.size();
  Weighting weighting = detail::weighting_of(batch, each_step, Reduction::none);
  weighting.weights = {};  // they belong to the sums
  const Tensor losses = loss(output, batch.targets, weighting).value();
  const std::size_t entries = weighting.mask.value().defined() ? batch.mask.size() : n;
  const double elements = static_cast<double>(losses.size()) / static_cast<double>(entries);
  const Tensor sum_of_each = sum(Var(losses.to(f64).reshape({n, losses.size() / n})), 1).value();
  const Tensor counts = detail::counts_of(batch, each_step);
  const Tensor weights = batch.weights.defined() ? batch.weights.to(f64) : ones({n}, f64);
  for (std::size_t i = 0; i < n; ++i) {
    const double weight = weights.data<double>()[i];
    // A sample of weight 0 counts for nothing, even if its loss is infinite.
    sums.losses.push_back(weight == 0 ? 0 : weight * sum_of_each.data<double>()[i] / elements);
    sums.counts.push_back(weight * counts.data<double>()[i]);
  }
}

/// Of a custom loss only the mean of a batch is known, and batches are no samples: no error.
class MeanOfBatches {
 public:
  void add(const Loss& loss, const Var& output, const data::Batch& batch, bool each_step) {
    const Var counts(detail::counts_of(batch, each_step));
    const double weight =
        sum(batch.weights.defined() ? counts * batch.weights.to(f64) : counts).item();
    if (weight == 0) return;
    sum_ += weight * loss(output, batch.targets, detail::weighting_of(batch, each_step)).item();
    weights_ += weight;
  }
  Estimate estimate(std::size_t n) const { return {.value = sum_ / weights_, .n = n}; }

 private:
  double sum_ = 0;
  double weights_ = 0;
};

void require_samples(const char* what, std::size_t batch, std::size_t samples) {
  if (batch == 0) throw ValueError(fmt::format("{}: a batch needs at least one sample", what));
  if (samples == 0) throw ValueError(fmt::format("{}: there are no samples", what));
}

}  // namespace

Tensor predict(const ModelRef& model, const Tensor& inputs, const EvaluateOptions& options) {
  const std::size_t n = inputs.rank() == 0 ? 0 : inputs.shape()[0];
  require_samples("predict", options.batch, n);
  std::vector<Var> parts;
  for (std::size_t begin = 0; begin < n; begin += options.batch)
    parts.push_back(model(inputs.rows(begin, std::min(begin + options.batch, n))));
  return parts.size() == 1 ? parts[0].value() : concat(parts, 0).value();
}

Tensor predict(const ModelRef& model, const data::Dataset& data, const EvaluateOptions& options) {
  if (!data.lengths.defined()) return predict(model, data.inputs, options);
  require_samples("predict", options.batch, data.size());
  std::vector<Var> parts;
  for (std::size_t begin = 0; begin < data.size(); begin += options.batch) {
    const data::Dataset part = data.rows(begin, std::min(begin + options.batch, data.size()));
    parts.push_back(model(part.inputs, data::mask(part)));
  }
  return parts.size() == 1 ? parts[0].value() : concat(parts, 0).value();
}

Evaluation evaluate(const ModelRef& model, const data::Dataset& data, const Loss& loss,
                    const std::vector<Metric>& metrics, const EvaluateOptions& options) {
  require_samples("evaluate", options.batch, data.size());
  // Padded batches differ in length, and metrics want all predictions in one tensor.
  const bool at_once = !metrics.empty() && data.lengths.defined();
  const data::BatchLoader loader(
      data, {.batch = at_once ? data.size() : options.batch, .shuffle = false});
  const bool masks = data.target_each_step;
  Sums sums;
  MeanOfBatches means;
  std::vector<Var> outputs;
  for (const data::Batch& batch : loader.epoch(1)) {
    const Var output = model(batch.inputs, batch.mask);
    if (loss.gives_each()) add_samples(loss, output, batch, masks, sums);
    else means.add(loss, output, batch, masks);
    if (!metrics.empty()) outputs.push_back(output);
  }
  Evaluation result{.loss = loss.gives_each() ? ratio_of(sums) : means.estimate(data.size()),
                    .samples = data.size()};
  if (metrics.empty()) return result;
  Tensor all = outputs.size() == 1 ? outputs[0].value() : concat(outputs, 0).value();
  Tensor targets = data.targets;
  if (at_once && masks) {
    const data::Batch batch = loader.epoch(1)[0];
    all = detail::real_steps(all, batch.mask);
    targets = detail::real_steps(batch.targets, batch.mask);
  }
  for (const Metric& metric : metrics) result.metrics[metric.name()] = metric(all, targets);
  return result;
}

}  // namespace wengert
