// SPDX-License-Identifier: MIT
#include "evaluate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "../data/loader.h"
#include "../graph/error.h"
#include "../ops/arithmetic.h"
#include "../ops/layout.h"
#include "../ops/reduce.h"
#include "batch_weighting.h"

namespace wengert {
namespace {

/// Mean and standard error of the mean of weighted numbers, in one pass.
class RunningMean {
 public:
  void add(double value, double weight) {
    weights_ += weight;
    squared_weights_ += weight * weight;
    const double difference = value - mean_;
    mean_ += difference * weight / weights_;
    squares_ += weight * difference * (value - mean_);
    ++count_;
  }
  Estimate estimate(std::size_t n) const {
    // Of independent samples, with the weights taken as given.
    const double effective = weights_ * weights_ / squared_weights_;
    const double variance = squares_ / weights_;
    const bool known = count_ > 1 && effective > 1;
    return {.value = mean_,
            .error = known ? std::sqrt(variance / (effective - 1))
                           : std::numeric_limits<double>::quiet_NaN(),
            .n = n};
  }

 private:
  double weights_ = 0;
  double squared_weights_ = 0;
  double mean_ = 0;
  double squares_ = 0;
  std::size_t count_ = 0;
};

/// [n, ...] -> the mean of every sample, f64 [n].
Tensor sample_means(const Tensor& losses) {
  const std::size_t n = losses.shape()[0];
  return mean(Var(losses.to(f64).reshape({n, losses.size() / n})), 1).value();
}

/// What the batch's mean loss counts: its samples or, where every step has a loss, the steps that
/// are real, by their weights.
double weight_of(const data::Batch& batch, bool masks) {
  const std::size_t n = batch.size();
  const Var counted =
      batch.mask.defined() && masks ? sum(Var(batch.mask.to(f64)), 1) : Var(ones({n}, f64));
  return sum(batch.weights.defined() ? counted * batch.weights.to(f64) : counted).item();
}

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

Evaluation evaluate(const ModelRef& model, const data::Dataset& data, const Loss& loss,
                    const std::vector<Metric>& metrics, const EvaluateOptions& options) {
  require_samples("evaluate", options.batch, data.size());
  // Padded batches differ in length, and metrics want all predictions in one tensor.
  const bool at_once = !metrics.empty() && data.lengths.defined();
  const data::BatchLoader loader(
      data, {.batch = at_once ? data.size() : options.batch, .shuffle = false});
  const bool masks = data.target_each_step;
  RunningMean mean;
  std::vector<Var> outputs;
  for (const data::Batch& batch : loader.epoch(1)) {
    const Var output = model(batch.inputs);
    // Losses of the library say what each sample has; of others only the mean is known. Where
    // weights or masks share out what counts, so that a sample's mean is no longer its loss, too.
    if (loss.function() && !(batch.mask.defined() && masks) && !batch.weights.defined()) {
      const Tensor losses = sample_means(
          loss(output, batch.targets, detail::weighting_of(batch, masks, Reduction::none)).value());
      for (const double value : losses.data<double>()) mean.add(value, 1.0);
    } else {
      mean.add(loss(output, batch.targets, detail::weighting_of(batch, masks)).item(),
               weight_of(batch, masks));
    }
    if (!metrics.empty()) outputs.push_back(output);
  }
  Evaluation result{.loss = mean.estimate(data.size()), .samples = data.size()};
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
