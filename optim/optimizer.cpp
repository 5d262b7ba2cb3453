// SPDX-License-Identifier: MIT
#include "optimizer.h"

#include <fmt/format.h>

#include "../graph/denormals.h"
#include "../graph/error.h"

namespace wengert {

void Optimizer::update(std::span<Parameter* const> parameters, const Gradients& gradients) {
  // Everything that can fail comes first, so that a failed step changes nothing.
  std::vector<Tensor> found;
  for (const Parameter* parameter : parameters) {
    const Var* gradient = gradients.find(*parameter);
    if (!gradient)
      throw TapeError(fmt::format("{}: '{}' got no gradient: {}", name(), parameter->name(),
                                  gradients.why_missing(*parameter)));
    if (gradient->shape() != parameter->shape() || gradient->dtype() != parameter->dtype())
      throw ShapeError(fmt::format(
          "{}: '{}' is {} {} but its gradient {} {}; was the parameter "
          "replaced after the forward pass?",
          name(), parameter->name(), to_string(parameter->shape()), to_string(parameter->dtype()),
          to_string(gradient->shape()), to_string(gradient->dtype())));
    found.push_back(gradient->value());
  }
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

Optimizer::State& Optimizer::state_of(const Parameter& parameter, std::size_t index) {
  const std::string key = parameter.name().empty() ? std::to_string(index) : parameter.name();
  const auto [entry, fresh] = states_.try_emplace(key);
  State& state = entry->second;
  if (fresh) {
    state.parameter = parameter.id();
    for (std::size_t slot = 0; slot < slot_count(); ++slot)
      state.slots.push_back(zeros_like(parameter.value()));
  } else if (state.parameter != parameter.id()) {
    throw ValueError(
        fmt::format("{}: it has state for another parameter called '{}'; use one "
                    "optimizer for each model",
                    name(), key));
  }
  return state;
}

}  // namespace wengert
