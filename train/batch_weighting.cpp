// SPDX-License-Identifier: MIT
#include "batch_weighting.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "../data/sequences.h"
#include "../graph/error.h"
#include "../nn/loss_floor.h"
#include "../ops/arithmetic.h"
#include "../ops/reduce.h"

namespace wengert::detail {
namespace {

bool all_zero(const Tensor& weights) {
  const Tensor wide = weights.to(f64);
  return std::ranges::all_of(wide.data<double>(), [](double weight) { return weight == 0; });
}

/// 0 with a gradient of 0 for all that the output came from, whatever it holds.
Var nothing_of(const Var& output) { return sum(where(zeros_like(output.value()), output, 0.0)); }

}  // namespace

Tensor counts_of(const data::Batch& batch, bool each_step) {
  if (batch.mask.defined() && each_step) return sum(Var(batch.mask.to(f64)), 1).value();
  return ones({batch.size()}, f64);
}

BatchLoss::BatchLoss(const char* who, Loss loss, const data::Dataset& data)
    : loss_(std::move(loss)), each_step_(data.target_each_step) {
  if (!data.weights.defined()) return;
  const Tensor counts =
      each_step_ && data.lengths.defined() ? data.lengths.to(f64) : ones({data.size()}, f64);
  const double total = sum(Var(counts) * data.weights.to(f64)).item();
  if (!(total > 0))
    throw ValueError(fmt::format(
        "{}: the weights of all samples add up to {}, and the mean loss divides by them", who,
        total));
  mean_weight_ = total / sum(Var(counts)).item();
}

BatchLoss::Result BatchLoss::operator()(const Var& output, const data::Batch& batch) const {
  Weighting weighting = weighting_of(batch, each_step_);
  const Tensor counts = counts_of(batch, each_step_);
  const double counted = sum(Var(counts)).item();
  if (!batch.weights.defined()) return {loss_(output, batch.targets, weighting), counted};
  if (loss_.gives_each()) {
    // Not the batch's mean times its share: that is 0 / 0 where its weights add up to 0.
    weighting.reduction = Reduction::none;
    const Var each = loss_(output, batch.targets, weighting);
    const std::size_t entries = weighting.mask.value().defined() ? batch.mask.size() : batch.size();
    const double elements = static_cast<double>(each.value().size()) / static_cast<double>(entries);
    return {sum(each) / (elements * counted * mean_weight_), counted};
  }
  if (all_zero(batch.weights)) return {nothing_of(output), counted};
  const double weight = sum(Var(counts) * batch.weights.to(f64)).item();
  const double share = weight / counted / mean_weight_;
  return {share * loss_(output, batch.targets, weighting), counted};
}

std::optional<double> floor_of(const Loss& loss, const data::Dataset& data) {
  Weighting weighting;
  if (data.weights.defined()) weighting.weights = data.weights;
  if (data.lengths.defined() && data.target_each_step) weighting.mask = data::mask(data);
  return loss_floor(loss, data.targets, weighting);
}

}  // namespace wengert::detail
