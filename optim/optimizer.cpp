// SPDX-License-Identifier: MIT
#include "optimizer.h"

#include <fmt/format.h>

#include "../graph/denormals.h"
#include "../graph/error.h"

namespace wengert {

void Optimizer::update(std::span<Parameter* const> all, const Gradients& gradients) {
  std::vector<Parameter*> parameters;
  for (Parameter* parameter : all)
    if (parameter->trainable()) parameters.push_back(parameter);
  // Everything that can fail comes first, so that a failed step changes nothing.
  std::vector<Tensor> found;
  for (const Parameter* parameter : parameters) {
    const Var* gradient = gradients.find(*parameter);
    if (!gradient)
      throw TapeError(fmt::format("{}: '{}' got no gradient: {}", name(), parameter->name(),
                                  gradients.why_missing(*parameter)));
    if (gradient->dtype() != parameter->dtype())
      throw DTypeError(fmt::format(
          "{}: '{}' is {} but its gradient {}; was the parameter replaced "
          "after the forward pass?",
          name(), parameter->name(), to_string(parameter->dtype()), to_string(gradient->dtype())));
    if (gradient->shape() != parameter->shape())
      throw ShapeError(fmt::format(
          "{}: '{}' is {} but its gradient {}; was the parameter replaced "
          "after the forward pass?",
          name(), parameter->name(), to_string(parameter->shape()), to_string(gradient->shape())));
    found.push_back(gradient->value());
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) check_state(*parameters[i], i);
  std::vector<State*> states;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    states.push_back(&state_of(*parameters[i], i));

  const FlushDenormals flush;
  ++steps_;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor before = parameters[i]->value();
    // The tape may still hold the old value: the new one is written beside it, not over it.
    Tensor weight = Tensor::empty(before.shape(), before.dtype());
    apply({before, found[i], weight, states[i]->slots, steps_});
    parameters[i]->set(std::move(weight));
  }
}

std::string Optimizer::key_of(const Parameter& parameter, std::size_t index) {
  return parameter.name().empty() ? std::to_string(index) : parameter.name();
}

void Optimizer::check_state(const Parameter& parameter, std::size_t index) const {
  const auto known = states_.find(key_of(parameter, index));
  if (known == states_.end() || known->second.parameter == parameter.id()) return;
  throw ValueError(
      fmt::format("{}: it has state for another parameter called '{}'; use one optimizer for each "
                  "model",
                  name(), known->first));
}

Optimizer::State& Optimizer::state_of(const Parameter& parameter, std::size_t index) {
  const std::string key = key_of(parameter, index);
  if (const auto known = states_.find(key); known != states_.end()) return known->second;
  State fresh{parameter.id(), {}};
  for (std::size_t slot = 0; slot < slot_count(); ++slot)
    fresh.slots.push_back(zeros_like(parameter.value()));
  return states_.emplace(key, std::move(fresh)).first->second;
}

}  // namespace wengert
