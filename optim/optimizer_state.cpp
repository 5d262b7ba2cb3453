// SPDX-License-Identifier: MIT
// State of optimizers: by path name, to be saved and taken up again.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "../graph/error.h"
#include "optimizer.h"
#include "option_checks.h"

namespace wengert {

namespace {

const std::string other_options = "was it saved by an optimizer with other options?";

double scalar_of(std::string_view name, const OptimizerState& state, const std::string& key) {
  const auto found = state.scalars.find(key);
  if (found == state.scalars.end())
    throw ValueError(fmt::format("{}: the state lacks '{}'; {}", name, key, other_options));
  return found->second;
}

std::vector<std::string> paths_of(const OptimizerState& state) {
  constexpr std::string_view suffix = "/steps";
  std::vector<std::string> paths;
  for (const auto& [key, value] : state.scalars)
    if (key.ends_with(suffix)) paths.push_back(key.substr(0, key.size() - suffix.size()));
  return paths;
}

/// The fields of a ledger under the names they are saved by; `Ledger` is const or not.
template <class Ledger, class Visit>
void each_count(Ledger& ledger, Visit visit) {
  visit("clipping.steps", ledger.steps);
  visit("clipping.clipped", ledger.clipped);
  visit("clipping.skipped", ledger.skipped);
  visit("clipping.factor_sum", ledger.factor_sum);
  visit("clipping.smallest_factor", ledger.smallest_factor);
  visit("clipping.largest_norm", ledger.largest_norm);
}

}  // namespace

OptimizerState Optimizer::state() const {
  OptimizerState saved{std::string(name()), steps_, {}, {{"rate", rate()}}};
  each_count(clipping_,
             [&](const char* key, auto value) { saved.scalars[key] = static_cast<double>(value); });
  for (const auto& [path, own] : states_) {
    saved.scalars[path + "/steps"] = static_cast<double>(own.steps);
    for (std::size_t i = 0; i < own.slots.size(); ++i)
      saved.tensors[fmt::format("{}/{}", path, slot_names()[i])] = own.slots[i];
    for (std::size_t i = 0; i < own.scalars.size(); ++i)
      saved.scalars[fmt::format("{}/{}", path, scalar_names()[i])] = own.scalars[i];
  }
  return saved;
}

void Optimizer::restore(const OptimizerState& state) {
  if (state.optimizer != name())
    throw ValueError(
        fmt::format("{}: the state is one of '{}'; restore it into the optimizer that "
                    "it was saved from",
                    name(), state.optimizer));
  if (state.steps < 0)
    throw ValueError(fmt::format("{}: the state says {} steps", name(), state.steps));
  const double rate = scalar_of(name(), state, "rate");
  detail::require_rate(name(), rate);
  ClippingLedger ledger;
  std::size_t scalars = 1;
  each_count(ledger, [&]<class T>(const char* key, T& value) {
    value = static_cast<T>(scalar_of(name(), state, key));
    ++scalars;
  });

  std::map<std::string, State> states;
  for (const std::string& path : paths_of(state)) {
    State own;
    own.steps = static_cast<std::int64_t>(scalar_of(name(), state, path + "/steps"));
    for (const std::string_view slot : slot_names()) {
      const std::string key = fmt::format("{}/{}", path, slot);
      const auto found = state.tensors.find(key);
      if (found == state.tensors.end())
        throw ValueError(fmt::format("{}: the state lacks '{}'; {}", name(), key, other_options));
      own.slots.push_back(found->second);
    }
    for (const std::string_view scalar : scalar_names())
      own.scalars.push_back(scalar_of(name(), state, fmt::format("{}/{}", path, scalar)));
    scalars += 1 + own.scalars.size();
    states.emplace(path, std::move(own));
  }
  const auto unknown = [&](const std::string& key) {
    return ValueError(
        fmt::format("{}: the state holds '{}', which this optimizer does not keep; {}", name(), key,
                    other_options));
  };
  for (const auto& [key, tensor] : state.tensors) {
    const std::size_t slash = key.rfind('/');
    const std::string slot = slash == std::string::npos ? key : key.substr(slash + 1);
    if (slash == std::string::npos || !states.contains(key.substr(0, slash)) ||
        std::find(slot_names().begin(), slot_names().end(), slot) == slot_names().end())
      throw unknown(key);
  }
  if (scalars != state.scalars.size())
    throw ValueError(fmt::format("{}: the state holds {} numbers where this optimizer keeps {}; {}",
                                 name(), state.scalars.size(), scalars, other_options));

  rate_option() = rate;
  clipping_ = ledger;
  steps_ = state.steps;
  states_ = std::move(states);
  restored_met_ = false;
}

void Optimizer::restore(Parameters parameters, const OptimizerState& state) {
  const std::unique_ptr<Optimizer> trial = clone();
  trial->restore(state);
  trial->require_restored_fits(parameters);
  restore(state);
  restored_met_ = true;  // what is unfrozen from now on may be new to the state
}

void Optimizer::require_restored_fits(Parameters parameters) const {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = *parameters[i];
    const std::string& key = keys.emplace_back(key_of(parameter, i));
    const auto known = states_.find(key);
    if (known == states_.end()) {
      if (steps_ == 0 || !parameter.trainable() || group_of(key).frozen) continue;
      throw ValueError(
          fmt::format("{}: the restored state knows nothing of '{}'; was it saved with another "
                      "model, or while this parameter was frozen?",
                      name(), key));
    }
    for (const Tensor& slot : known->second.slots) {
      if (slot.dtype() != parameter.dtype())
        throw DTypeError(fmt::format("{}: '{}' is {}, but its restored state {}", name(), key,
                                     to_string(parameter.dtype()), to_string(slot.dtype())));
      if (slot.shape() != parameter.shape())
        throw ShapeError(fmt::format("{}: '{}' is {}, but its restored state {}", name(), key,
                                     to_string(parameter.shape()), to_string(slot.shape())));
    }
  }
  for (const auto& [path, own] : states_)
    if (std::find(keys.begin(), keys.end(), path) == keys.end())
      throw ValueError(fmt::format(
          "{}: the restored state is for '{}' too, which the model does not have; there "
          "are {}",
          name(), path, fmt::join(keys, ", ")));
}

void Optimizer::require_own_state(const Work& work) const {
  const auto known = states_.find(work.key);
  if (known == states_.end()) return;
  const State& own = known->second;
  if (own.parameter != 0 && own.parameter != work.parameter->id())
    throw ValueError(
        fmt::format("{}: it has state for another parameter called '{}'; use one optimizer for "
                    "each model",
                    name(), work.key));
  if (own.slots.size() != slot_names().size())
    throw ValueError(
        fmt::format("{}: its options now ask for {} state tensors a parameter where it "
                    "has {}; make a new optimizer",
                    name(), slot_names().size(), own.slots.size()));
  for (const Tensor& slot : own.slots) {
    if (slot.dtype() != work.parameter->dtype())
      throw DTypeError(fmt::format(
          "{}: '{}' is {} now, but its state {}; make a new optimizer "
          "after converting a model",
          name(), work.key, to_string(work.parameter->dtype()), to_string(slot.dtype())));
    if (slot.shape() != work.parameter->shape())
      throw ShapeError(fmt::format(
          "{}: '{}' is {} now, but its state {}; make a new optimizer for "
          "a new shape",
          name(), work.key, to_string(work.parameter->shape()), to_string(slot.shape())));
  }
}

}  // namespace wengert
