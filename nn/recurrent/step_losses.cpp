// SPDX-License-Identifier: MIT
#include "step_losses.h"

#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "../../graph/error.h"
#include "../../graph/format.h"
#include "../../graph/scope.h"
#include "../../ops/arithmetic.h"
#include "../../ops/layout.h"
#include "../../ops/reduce.h"
#include "sequence_mask.h"
#include "step_lists.h"

namespace wengert {
namespace {

std::size_t batch_of(const Var& y) {
  if (y.rank() == 0)
    throw ShapeError("step_losses: the output of a step is a scalar; it has to be [batch, ...]");
  return y.shape()[0];
}

/// The flags [batch] of those that count in one step.
using Counted = std::vector<double>;

Counted row_of(const Tensor& mask, std::size_t t) {
  const Tensor row = select(Var(mask), 0, static_cast<std::int64_t>(t)).value().to(f64);
  const std::span<const double> values = row.data<double>();
  return {values.begin(), values.end()};
}

double share_of(const Counted& counted) {
  return std::accumulate(counted.begin(), counted.end(), 0.0) / static_cast<double>(counted.size());
}

/// The loss of those that count, times their share of the batch. The loss's mean divides by how
/// many count; the product takes that back, so that any loss that knows masks will do.
Var loss_of_step(const Loss& loss, const Var& y, const Var& target, const Counted& counted) {
  const double share = share_of(counted);
  if (share == 1.0) return loss(y, target);
  const Tensor mask = Tensor::from<double>(counted, {counted.size()});
  if (share > 0.0) return share * loss(y, target, {.mask = mask});
  Shape shape{counted.size()};
  for (std::size_t axis = 1; axis < y.rank(); ++axis) shape.append(1);
  return sum(where(reshape(Var(mask.to(y.dtype())), shape), y, 0.0));  // 0, and on y's tape
}

void require_scalars(std::span<const Var> losses) {
  if (losses.empty()) throw ValueError("reduce: there are no losses of steps");
  for (std::size_t t = 0; t < losses.size(); ++t)
    if (losses[t].rank() != 0)
      throw ShapeError(fmt::format("reduce: the loss of step {} is {}; each has to be a scalar", t,
                                   losses[t].shape()));
}

Var added(std::span<const Var> losses) { return sum(stack(losses)); }

Var weighted(std::span<const Var> losses, const StepWeights& weights,
             std::span<const double> real) {
  require_scalars(losses);
  if (weights.values.size() != losses.size())
    throw ValueError(fmt::format("reduce: {} weights for the losses of {} steps",
                                 weights.values.size(), losses.size()));
  double total = 0.0;
  for (std::size_t t = 0; t < losses.size(); ++t) {
    if (!std::isfinite(weights.values[t]))
      throw ValueError(
          fmt::format("reduce: weights are finite: {} at step {}", weights.values[t], t));
    total += weights.values[t] * (real.empty() ? 1.0 : real[t]);
  }
  if (!(total > 0.0))
    throw ValueError(fmt::format(
        "reduce: the weights of the real steps add up to {}, and the mean divides by them", total));
  const Var row = Tensor::from<double>(weights.values, {losses.size()}).to(losses[0].dtype());
  return sum(stack(losses) * row) / total;
}

}  // namespace

StepLosses step_losses(const Loss& loss, std::span<const Var> ys, std::span<const Var> targets,
                       const Tensor& mask) {
  if (ys.empty()) throw ValueError("step_losses: there are no steps");
  if (targets.size() != ys.size())
    throw ShapeError(
        fmt::format("step_losses: {} outputs and {} targets; there has to be one target a step",
                    ys.size(), targets.size()));
  const std::size_t batch = batch_of(ys[0]);
  if (mask.defined()) detail::require_sequence_mask("step_losses", mask, ys.size(), batch);
  StepLosses result;
  for (std::size_t t = 0; t < ys.size(); ++t) {
    const Scope scope(ys[t], t);
    const Counted counted = mask.defined() ? row_of(mask, t) : Counted(batch, 1.0);
    result.real.push_back(share_of(counted));
    result.values.push_back(loss_of_step(loss, ys[t], targets[t], counted));
  }
  if (result.real.back() == 1.0) {
    result.last = [last = result.values.back()] { return last; };
    return result;
  }
  // Only when it is asked for: it records losses that the sums do not need.
  result.last = [loss, mask, own_ys = std::vector<Var>(ys.begin(), ys.end()),
                 own_targets = std::vector<Var>(targets.begin(), targets.end())] {
    const std::vector<std::size_t> ends = detail::last_steps(mask);
    std::vector<Var> losses;
    for (std::size_t t = 0; t < own_ys.size(); ++t) {
      Counted counted(ends.size(), 0.0);
      for (std::size_t b = 0; b < ends.size(); ++b) counted[b] = ends[b] == t ? 1.0 : 0.0;
      const Scope scope(own_ys[t], t);
      if (share_of(counted) > 0.0)
        losses.push_back(loss_of_step(loss, own_ys[t], own_targets[t], counted));
    }
    return added(losses);
  };
  return result;
}

StepLosses step_losses(const Loss& loss, std::span<const Var> ys, const Tensor& targets,
                       const Tensor& mask) {
  if (targets.rank() < 2 || targets.shape()[0] != ys.size())
    throw ShapeError(fmt::format("step_losses: targets of {} steps are [{}, batch, ...], got {}",
                                 ys.size(), ys.size(), targets.shape()));
  return step_losses(loss, ys, list_of_steps(targets), mask);
}

Var reduce(const StepLosses& losses, StepReduction reduction) {
  require_scalars(losses.values);
  if (reduction == StepReduction::last) return losses.last();
  Var total = added(losses.values);
  if (reduction == StepReduction::sum) return total;
  return total / std::accumulate(losses.real.begin(), losses.real.end(), 0.0);
}

Var reduce(const StepLosses& losses, const StepWeights& weights) {
  return weighted(losses.values, weights, losses.real);
}

Var reduce(std::span<const Var> losses, StepReduction reduction) {
  require_scalars(losses);
  if (reduction == StepReduction::last) return losses.back();
  return reduction == StepReduction::sum ? added(losses) : mean(stack(losses));
}

Var reduce(std::span<const Var> losses, const StepWeights& weights) {
  return weighted(losses, weights, {});
}

}  // namespace wengert
