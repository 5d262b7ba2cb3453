// SPDX-License-Identifier: MIT
#include "optimizer.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "../graph/denormals.h"
#include "../graph/error.h"
#include "../graph/path_pattern.h"
#include "measure.h"
#include "option_checks.h"
#include "preparation.h"

namespace wengert {

namespace {

// Elements that pass through preparation, recurrence and statistics while they are in the cache.
constexpr std::size_t stretch = 4096;

void* writable(Tensor& tensor) {
  return dispatch_float(tensor.dtype(),
                        [&]<class T>(T) -> void* { return tensor.mutable_data<T>().data(); });
}

const std::byte* bytes(const Tensor& tensor, std::size_t at) {
  return static_cast<const std::byte*>(tensor.address()) + at * size_of(tensor.dtype());
}

// Sums until `finish`; then norms and shares.
class Tally {
 public:
  Tally(ParameterStatistics& into, DType dtype) : into_(into), dtype_(dtype) {}
  void gradient(const void* values, std::size_t count) {
    const detail::Kinds kinds = detail::count_kinds(dtype_, values, count);
    into_.zero += static_cast<double>(kinds.zero);
    into_.denormal += static_cast<double>(kinds.denormal);
    into_.nonfinite += static_cast<double>(kinds.nonfinite);
    into_.gradient_norm += detail::sum_of_squares(dtype_, values, count);
  }
  void weights(const void* before, const void* after, std::size_t count) {
    const detail::StepSquares squares = detail::squares_of_step(dtype_, before, after, count);
    into_.weight_norm += squares.before;
    into_.update_norm += squares.update;
  }
  void finish() {
    for (double* norm : {&into_.gradient_norm, &into_.weight_norm, &into_.update_norm})
      *norm = std::sqrt(*norm);
    for (double* share : {&into_.zero, &into_.denormal, &into_.nonfinite})
      if (into_.size > 0) *share /= static_cast<double>(into_.size);
  }

 private:
  ParameterStatistics& into_;
  DType dtype_;
};

}  // namespace

void Optimizer::update(Parameters parameters, const Gradients& gradients) {
  step(parameters, gradients, nullptr);
}

std::vector<ParameterStatistics> Optimizer::update_with_statistics(Parameters parameters,
                                                                   const Gradients& gradients) {
  std::vector<ParameterStatistics> statistics;
  step(parameters, gradients, &statistics);
  return statistics;
}

void Optimizer::step(Parameters parameters, const Gradients& gradients,
                     std::vector<ParameterStatistics>* statistics) {
  // Everything that can fail comes first, so that a failed step changes nothing.
  check_options();
  if (!groups_met_) require_matches(parameters);
  if (!restored_met_) require_restored_fits(parameters);
  const std::vector<Work> work = find_work(parameters, gradients);
  const FlushDenormals flush;
  double scale = 1.0;
  const bool allowed = !clips_ || allow_clipped(work, scale);

  groups_met_ = restored_met_ = true;
  if (statistics) statistics->resize(work.size());
  if (allowed) ++steps_;
  for (std::size_t i = 0; i < work.size(); ++i) {
    ParameterStatistics* own = statistics ? &(*statistics)[i] : nullptr;
    if (own) {
      own->name = work[i].key;
      own->size = work[i].gradient.size();
    }
    if (allowed) {
      step_one(work[i], scale, own);
    } else if (own) {
      const Tensor& weight = work[i].parameter->value();
      Tally tally(*own, weight.dtype());
      tally.gradient(work[i].gradient.address(), own->size);
      tally.weights(weight.address(), weight.address(), own->size);
      tally.finish();
    }
  }
}

void Optimizer::step_one(const Work& work, double scale, ParameterStatistics* statistics) {
  auto known = states_.find(work.key);
  if (known == states_.end()) known = states_.emplace(work.key, fresh_state(*work.parameter)).first;
  State& state = known->second;
  state.parameter = work.parameter->id();
  ++state.steps;
  advance(state.scalars, state.steps);

  const Tensor before = work.parameter->value();
  const DType dtype = before.dtype();
  // The tape may still hold the old value: the new one is written beside it, not over it.
  Tensor after = Tensor::empty(before.shape(), dtype);
  Step step;
  step.dtype = dtype;
  step.number = state.steps;
  step.rate = rate() * work.group.rate_factor;
  step.scalars = state.scalars;
  const detail::Preparation preparation{.value = clip_.value,
                                        .scale = scale,
                                        .l1 = work.group.l1,
                                        .l2 = work.group.l2.value_or(0.0),
                                        .shrink = 1.0 - step.rate * work.group.decay.value_or(0.0)};
  const bool prepares = preparation.changes();
  const std::size_t size = before.size();
  const std::size_t block = prepares || statistics ? std::min(stretch, size) : size;
  Tensor prepared = prepares ? Tensor::empty({2, block}, dtype) : Tensor{};
  std::byte* scratch = prepares ? static_cast<std::byte*>(writable(prepared)) : nullptr;
  const std::size_t width = size_of(dtype);
  std::array<std::byte*, 4> slots{};
  for (std::size_t slot = 0; slot < state.slots.size(); ++slot)
    slots.at(slot) = static_cast<std::byte*>(writable(state.slots[slot]));
  auto* result = static_cast<std::byte*>(writable(after));
  std::optional<Tally> tally;
  if (statistics) tally.emplace(*statistics, dtype);

  for (std::size_t begin = 0; begin < size; begin += block) {
    step.size = std::min(block, size - begin);
    step.weight_ = bytes(before, begin);
    step.gradient_ = bytes(work.gradient, begin);
    step.result_ = result + begin * width;
    for (std::size_t slot = 0; slot < state.slots.size(); ++slot)
      step.slots_.at(slot) = slots.at(slot) + begin * width;
    if (tally) tally->gradient(step.gradient_, step.size);
    if (prepares) {
      std::byte* const gradient = scratch + block * width;
      preparation.run(dtype, step.size, step.weight_, step.gradient_, scratch, gradient);
      step.weight_ = scratch;
      step.gradient_ = gradient;
    }
    apply(step);
    if (tally) tally->weights(bytes(before, begin), step.result_, step.size);
  }
  if (tally) tally->finish();
  work.parameter->set(std::move(after));
}

std::vector<Optimizer::Work> Optimizer::find_work(Parameters parameters,
                                                  const Gradients& gradients) const {
  std::vector<Work> work;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Parameter& parameter = *parameters[i];
    if (!parameter.trainable()) continue;
    std::string key = key_of(parameter, i);
    const ParameterGroup group = group_of(key);
    if (group.frozen) continue;
    const Var* gradient = gradients.find(parameter);
    if (!gradient)
      throw TapeError(fmt::format("{}: '{}' got no gradient: {}", name(), parameter.name(),
                                  gradients.why_missing(parameter)));
    if (gradient->dtype() != parameter.dtype())
      throw DTypeError(fmt::format(
          "{}: '{}' is {} but its gradient {}; was the parameter replaced "
          "after the forward pass?",
          name(), parameter.name(), to_string(parameter.dtype()), to_string(gradient->dtype())));
    if (gradient->shape() != parameter.shape())
      throw ShapeError(fmt::format(
          "{}: '{}' is {} but its gradient {}; was the parameter replaced "
          "after the forward pass?",
          name(), parameter.name(), to_string(parameter.shape()), to_string(gradient->shape())));
    // Later on the state, which knows the parameter it belongs to, tells two of them apart.
    if (!states_.contains(key) &&
        std::ranges::any_of(work, [&](const Work& other) { return other.key == key; }))
      throw ValueError(fmt::format(
          "{}: two parameters are called '{}', and each keeps its state by its name; a member list "
          "that gives one name twice?",
          name(), key));
    work.push_back({&parameter, std::move(key), gradient->value(), group});
    require_own_state(work.back());
  }
  return work;
}

std::string Optimizer::key_of(const Parameter& parameter, std::size_t index) {
  return parameter.name().empty() ? std::to_string(index) : parameter.name();
}

Optimizer::State Optimizer::fresh_state(const Parameter& parameter) const {
  State fresh;
  for (std::size_t slot = 0; slot < slot_names().size(); ++slot)
    fresh.slots.push_back(zeros_like(parameter.value()));
  fresh.scalars.assign(scalar_names().size(), 0.0);
  return fresh;
}

void Optimizer::set_rate(double rate) {
  detail::require_rate(name(), rate);
  rate_option() = rate;
}

}  // namespace wengert
