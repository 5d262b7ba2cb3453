// SPDX-License-Identifier: MIT
#include "training_state.h"

#include <bit>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert {
namespace {

Tensor of_rng(const Rng& rng) {
  const Rng::State& state = rng.state();
  return labels({std::bit_cast<std::int64_t>(state.seed), std::bit_cast<std::int64_t>(state.stream),
                 std::bit_cast<std::int64_t>(state.counter)});
}
Rng::State rng_of(const Tensor& tensor) {
  const auto words = tensor.data<std::int64_t>();
  return {std::bit_cast<std::uint64_t>(words[0]), std::bit_cast<std::uint64_t>(words[1]),
          std::bit_cast<std::uint64_t>(words[2])};
}

/// The tensor of this name, of the shape and dtype of `like`; it is then used up.
Tensor taken(Snapshot& from, const std::string& name, const Tensor& like) {
  const auto found = from.tensors.find(name);
  if (found == from.tensors.end())
    throw ValueError(fmt::format("training state: '{}' is not in the snapshot", name));
  Tensor value = found->second;
  if (value.shape() != like.shape() || value.dtype() != like.dtype())
    throw ShapeError(fmt::format("training state: '{}' is {} {} in the snapshot but {} {} here",
                                 name, to_string(value.dtype()), to_string(value.shape()),
                                 to_string(like.dtype()), to_string(like.shape())));
  from.tensors.erase(found);
  return value;
}
void require_used_up(const Snapshot& rest) {
  if (!rest.tensors.empty())
    throw ValueError(fmt::format("training state: the snapshot holds '{}', which is not here",
                                 rest.tensors.begin()->first));
}

using Change = std::function<void()>;

Snapshot keep_weights(const ModelRef& model) {
  Snapshot result;
  for (const Parameter* parameter : model.parameters())
    result.tensors["parameter " + parameter->name()] = parameter->value();
  for (const Buffer* buffer : model.buffers())
    result.tensors["buffer " + buffer->name()] = buffer->value();
  return result;
}
Change prepare_weights(const ModelRef& model, Snapshot from) {
  std::vector<std::pair<Parameter*, Tensor>> parameters;
  for (Parameter* parameter : model.parameters())
    parameters.emplace_back(parameter,
                            taken(from, "parameter " + parameter->name(), parameter->value()));
  std::vector<std::pair<Buffer*, Tensor>> buffers;
  for (Buffer* buffer : model.buffers())
    buffers.emplace_back(buffer, taken(from, "buffer " + buffer->name(), buffer->value()));
  require_used_up(from);
  return [parameters, buffers] {
    for (const auto& [parameter, value] : parameters) parameter->set(value);
    for (const auto& [buffer, value] : buffers) buffer->set(value);
  };
}

Snapshot keep_generators(const ModelRef& model) {
  Snapshot result;
  for (const auto& [path, rng] : model.generators()) result.tensors[path] = of_rng(*rng);
  return result;
}
Change prepare_generators(const ModelRef& model, Snapshot from) {
  std::vector<std::pair<Rng*, Rng::State>> states;
  for (const auto& [path, rng] : model.generators())
    states.emplace_back(rng, rng_of(taken(from, path, of_rng(*rng))));
  require_used_up(from);
  return [states] {
    for (const auto& [rng, state] : states) rng->set_state(state);
  };
}

// The rate may be 1e-3 exactly, so numbers are kept as tensors, not as text.
Snapshot keep_optimizer(const Optimizer& optimizer) {
  const OptimizerState state = optimizer.state();
  Snapshot result;
  for (const auto& [name, tensor] : state.tensors) result.tensors["tensor " + name] = tensor;
  for (const auto& [name, number] : state.scalars)
    result.tensors["number " + name] = scalar(number, f64);
  result.tensors["steps"] = labels({state.steps});
  result.notes["optimizer"] = state.optimizer;
  return result;
}
OptimizerState optimizer_state(const Snapshot& from) {
  OptimizerState state;
  Snapshot rest = from;
  const Tensor steps = taken(rest, "steps", labels({0}));
  state.steps = steps.data<std::int64_t>()[0];
  for (const auto& [name, tensor] : rest.tensors) {
    if (name.starts_with("tensor ")) state.tensors[name.substr(7)] = tensor;
    if (name.starts_with("number ")) state.scalars[name.substr(7)] = tensor.item();
  }
  if (const auto note = from.notes.find("optimizer"); note != from.notes.end())
    state.optimizer = note->second;
  return state;
}

}  // namespace

TrainingState& TrainingState::add_part(Part part) {
  if (part.name.find('/') != std::string::npos)
    throw ValueError(fmt::format(
        "training state: a part's name has no '/', which divides it from the names within: '{}'",
        part.name));
  for (const Part& known : parts_)
    if (known.name == part.name)
      throw ValueError(fmt::format("training state: there are two parts called '{}'", part.name));
  parts_.push_back(std::move(part));
  return *this;
}

TrainingState& TrainingState::add_model(std::string_view name, const ModelRef& model) {
  models_.push_back(model);
  add_part({fmt::format("{}", name), true, [model] { return keep_weights(model); },
            [model](const Snapshot& from) { return prepare_weights(model, from); }});
  return add_part({fmt::format("{} generators", name), false,
                   [model] { return keep_generators(model); },
                   [model](const Snapshot& from) { return prepare_generators(model, from); }});
}

TrainingState& TrainingState::add(std::string_view name, Optimizer& optimizer) {
  optimizers_.push_back(&optimizer);
  return add_part({std::string(name), false, [&optimizer] { return keep_optimizer(optimizer); },
                   [&optimizer](const Snapshot& from) -> Change {
                     const OptimizerState state = optimizer_state(from);
                     optimizer.clone()->restore(state);  // throws if it does not fit
                     return [&optimizer, state] { optimizer.restore(state); };
                   }});
}

TrainingState& TrainingState::add(std::string_view name, Optimizer& optimizer,
                                  const ModelRef& model) {
  optimizers_.push_back(&optimizer);
  return add_part({std::string(name), false, [&optimizer] { return keep_optimizer(optimizer); },
                   [&optimizer, model](const Snapshot& from) -> Change {
                     const OptimizerState state = optimizer_state(from);
                     optimizer.clone()->restore(model.parameters(), state);  // throws, as above
                     return [&optimizer, model, state] {
                       optimizer.restore(model.parameters(), state);
                     };
                   }});
}

TrainingState& TrainingState::add(std::string_view name, Schedule& schedule) {
  return add_part({std::string(name), false,
                   [&schedule] {
                     Snapshot result;
                     for (const auto& [key, number] : schedule.state())
                       result.tensors[key] = scalar(number, f64);
                     result.notes["kind"] = schedule.kind();
                     return result;
                   },
                   [&schedule](const Snapshot& from) -> Change {
                     const auto kind = from.notes.find("kind");
                     if (kind == from.notes.end() || kind->second != schedule.kind()) return [] {};
                     ScheduleState state;
                     for (const auto& [key, number] : from.tensors) state[key] = number.item();
                     Schedule(schedule).restore(state);  // throws if it does not fit
                     return [&schedule, state] { schedule.restore(state); };
                   }});
}

TrainingState& TrainingState::add(std::string_view name, Ema& average) {
  return add_part({std::string(name), false,
                   [&average] {
                     const Ema::State state = average.state();
                     Snapshot result{state.sums, {}};
                     result.tensors[""] = labels({state.updates});
                     return result;
                   },
                   [&average](const Snapshot& from) -> Change {
                     Snapshot rest = from;
                     const Tensor updates = taken(rest, "", labels({0}));
                     const Ema::State state{updates.data<std::int64_t>()[0], rest.tensors};
                     Ema(average).restore(state);  // throws if it does not fit
                     return [&average, state] { average.restore(state); };
                   }});
}

TrainingState& TrainingState::append(const TrainingState& others) {
  for (const Part& part : others.parts_) add_part(part);
  models_.insert(models_.end(), others.models_.begin(), others.models_.end());
  optimizers_.insert(optimizers_.end(), others.optimizers_.begin(), others.optimizers_.end());
  return *this;
}

TrainingState& TrainingState::add(std::string_view name, Rng& rng) {
  return add_part({std::string(name), false,
                   [&rng] {
                     return Snapshot{{{"state", of_rng(rng)}}, {}};
                   },
                   [&rng](const Snapshot& from) -> Change {
                     Snapshot rest = from;
                     const Rng::State state = rng_of(taken(rest, "state", of_rng(rng)));
                     return [&rng, state] { rng.set_state(state); };
                   }});
}

TrainingState& TrainingState::add(std::string_view name, std::function<Snapshot()> keep,
                                  std::function<void(const Snapshot&)> take) {
  return add_part({std::string(name), false, std::move(keep),
                   [take = std::move(take)](const Snapshot& from) -> Change {
                     return [take, from] { take(from); };
                   }});
}

Snapshot TrainingState::collect(bool only_weights) const {
  Snapshot result;
  for (const Part& part : parts_) {
    if (only_weights && !part.weights) continue;
    for (auto& [name, tensor] : part.keep().tensors)
      result.tensors[part.name + "/" + name] = tensor;
    if (only_weights) continue;
    for (auto& [name, text] : part.keep().notes) result.notes[part.name + "/" + name] = text;
  }
  return result;
}

void TrainingState::put_back(const Snapshot& snapshot, bool only_weights) const {
  std::map<std::string, Snapshot> of_part;
  const auto divide = [&](const auto& all, auto member) {
    for (const auto& [name, value] : all) {
      const std::size_t slash = name.find('/');
      (of_part[name.substr(0, slash)].*member)[name.substr(slash + 1)] = value;
    }
  };
  divide(snapshot.tensors, &Snapshot::tensors);
  divide(snapshot.notes, &Snapshot::notes);
  std::vector<Change> changes;
  for (const Part& part : parts_) {
    if (only_weights && !part.weights) continue;
    if (!of_part.contains(part.name) && !part.keep().tensors.empty())
      throw ValueError(
          fmt::format("training state: the snapshot holds nothing of '{}'; was it added to the "
                      "training since?",
                      part.name));
    changes.push_back(part.prepare(of_part[part.name]));
    of_part.erase(part.name);
  }
  if (!of_part.empty())
    throw ValueError(fmt::format("training state: the snapshot holds '{}', which is not here",
                                 of_part.begin()->first));
  for (const Change& change : changes) change();
}

Snapshot TrainingState::snapshot() const { return collect(false); }
void TrainingState::restore(const Snapshot& snapshot) const { put_back(snapshot, false); }
Snapshot TrainingState::weights() const { return collect(true); }
void TrainingState::restore_weights(const Snapshot& weights) const { put_back(weights, true); }

}  // namespace wengert
