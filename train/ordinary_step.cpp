// SPDX-License-Identifier: MIT
#include "ordinary_step.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/tape.h"
#include "../nn/state_watch.h"
#include "batch_weighting.h"

namespace wengert::detail {
namespace {

/// What is kept by its name has to have one of its own.
void require_distinct_names(const ModelRef& model) {
  std::map<std::string, const void*> known;
  const auto add = [&](const std::string& name, const void* member) {
    const auto [found, added] = known.emplace(name, member);
    if (!added && found->second != member)
      throw ValueError(
          fmt::format("fit: two members of the model are called '{}'; give them "
                      "different names in its member list",
                      name));
  };
  for (const Parameter* parameter : model.parameters()) add(parameter->name(), parameter);
  for (const Buffer* buffer : model.buffers()) add(buffer->name(), buffer);
  for (const auto& [path, generator] : model.generators()) add(path, generator);
}

std::int64_t statistics_every(const FitOptions& options, std::size_t samples) {
  constexpr std::size_t enough = 1000;
  const std::size_t steps_per_epoch = (samples + options.batch - 1) / options.batch;
  const std::size_t sparse = options.epochs * steps_per_epoch / enough;
  const std::size_t every = options.statistics_every > 0
                                ? options.statistics_every
                                : std::clamp<std::size_t>(sparse, 1, steps_per_epoch);
  return static_cast<std::int64_t>(every);
}

}  // namespace

OrdinaryStep::OrdinaryStep(ModelRef model, Optimizer& optimizer, const FitOptions& options,
                           const data::Dataset& data)
    : model_(std::move(model)),
      optimizer_(optimizer),
      options_(options),
      statistics_every_(statistics_every(options, data.size())),
      each_step_(data.target_each_step),
      loss_("fit", options.loss, data) {
  require_distinct_names(model_);
}

StepResult OrdinaryStep::operator()(const data::Batch& batch) {
  Tape tape;
  const Var output = run(tape, batch);
  const auto [loss, weight] = loss_(output, batch);
  StepResult result{.loss = loss.item(), .counted = weight};
  const bool pads = batch.mask.defined() && each_step_;
  const auto counted = [&](const Tensor& all) { return pads ? real_steps(all, batch.mask) : all; };
  for (const Metric& metric : options_.metrics)
    result.metrics.emplace_back(metric.name(),
                                metric(counted(output.value()), counted(batch.targets)));
  const std::vector<Parameter*> list = model_.parameters();
  const std::vector<Parameter*> trained = optimizer_.trained(list);
  if (trained.empty())
    throw ValueError(fmt::format(
        "fit: there is nothing to train: of the model's {} parameters all are frozen; unfreeze "
        "some, or list them among its members",
        list.size()));
  if (std::isfinite(result.loss)) take_step(list, trained, tape.backward(loss), result);
  return result;
}

// The first step also looks whether the model lists all that it uses.
Var OrdinaryStep::run(Tape& tape, const data::Batch& batch) {
  if (checked_) return model_(tape.input(batch.inputs), batch.mask);
  const StateWatch watch(tape);
  Var output = model_(tape.input(batch.inputs), batch.mask);
  model_.check_members(tape);
  watch.require_listed(model_.buffers(), model_.generators());
  checked_ = true;
  return output;
}

void OrdinaryStep::take_step(std::span<Parameter* const> parameters,
                             std::span<Parameter* const> trained, const Gradients& gradients,
                             StepResult& result) {
  const ClippingLedger before = optimizer_.clipping();
  result.gradient_norm = global_norm(trained, gradients);
  if (!std::isfinite(result.gradient_norm)) {
    take_bad_step(parameters, gradients, result);
    return;
  }
  if (optimizer_.steps() % statistics_every_ == 0) {
    for (ParameterStatistics& of_one : optimizer_.update_with_statistics(parameters, gradients))
      result.groups.push_back({.name = std::move(of_one.name),
                               .gradient_norm = of_one.gradient_norm,
                               .weight_norm = of_one.weight_norm,
                               .update_ratio = of_one.relative_update(),
                               .zero = of_one.zero,
                               .denormal = of_one.denormal,
                               .nonfinite = of_one.nonfinite});
  } else {
    optimizer_.update(parameters, gradients);
  }
  const ClippingLedger& after = optimizer_.clipping();
  if (after.clipped > before.clipped) result.clip_factor = after.factor_sum - before.factor_sum;
}

// Clipping may have been told to leave such steps out; otherwise nothing is to be changed.
void OrdinaryStep::take_bad_step(std::span<Parameter* const> parameters, const Gradients& gradients,
                                 StepResult& result) {
  const OptimizerState state = optimizer_.state();
  const std::int64_t skipped = optimizer_.clipping().skipped;
  std::vector<Tensor> weights;
  for (const Parameter* parameter : parameters) weights.push_back(parameter->value());
  optimizer_.update(parameters, gradients);
  result.gradient_norm = std::numeric_limits<double>::infinity();
  if (optimizer_.clipping().skipped > skipped) {
    result.clip_factor = 0.0;
    return;
  }
  optimizer_.restore(state);
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i]->set(weights[i]);
}

}  // namespace wengert::detail
