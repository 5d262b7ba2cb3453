// SPDX-License-Identifier: MIT
// What a model consists of: one row a module, in the order in which a sample passes through them;
// of a recurrent net one for all time steps.
#pragma once

#include <concepts>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "../graph/members.h"
#include "../graph/mode.h"
#include "../graph/tape.h"
#include "../graph/var.h"
#include "infer.h"
#include "state_watch.h"

namespace wengert {

struct Summary {
  struct Row {
    std::string path;  ///< "encoder.0"; empty for ops at the model's top level
    std::string ops;   ///< "linear", "relu", or several joined by commas
    Shape output;
    std::size_t parameters = 0;
    std::size_t bytes = 0;    ///< of the parameters
    double flops = 0;         ///< of one forward pass of the sample
    std::size_t active = 0;   ///< weights of a masked layer that are not masked
    std::size_t masked = 0;   ///< weights of a masked layer that are held at zero
    std::size_t frozen = 0;   ///< of the parameters, those that are not trained
    std::size_t buffers = 0;  ///< values that are saved but are no parameters
    std::size_t steps = 1;    ///< time steps that the row stands for, all of them in `flops`
  };
  std::vector<Row> rows;
  std::size_t parameters = 0;
  std::size_t bytes = 0;
  double flops = 0;
  std::size_t active = 0;
  std::size_t masked = 0;
  std::size_t frozen = 0;
  std::size_t buffers = 0;

  /// Values that training changes: neither masked nor frozen.
  std::size_t trainable = 0;
};
/// A table; long lists of ops end in "..." there.
std::string to_string(const Summary& summary);

namespace detail {

/// What the tape does not know of a module.
struct Note {
  std::size_t active = 0;
  std::size_t masked = 0;
  std::size_t frozen = 0;
  std::size_t frozen_or_masked = 0;
  std::size_t buffers = 0;
};
/// By the module's path.
using Notes = std::map<std::string, Note>;
std::string parent_of(const std::string& path);

template <class Model>
Notes notes_of(Model& model) {
  Notes notes;
  for (const Parameter* parameter : parameters(model))
    if (!parameter->trainable()) {
      notes[parent_of(parameter->name())].frozen += parameter->size();
      notes[parent_of(parameter->name())].frozen_or_masked += parameter->size();
    }
  for (const Buffer* buffer : buffers(model))
    notes[parent_of(buffer->name())].buffers += buffer->value().size();
  for_each_module(model, [&](const std::string& path, auto& module) {
    if constexpr (requires { module.weight.size() - module.active_weights(); }) {
      const std::size_t masked = module.weight.size() - module.active_weights();
      notes[path].active += module.active_weights();
      notes[path].masked += masked;
      if (module.weight.trainable()) notes[path].frozen_or_masked += masked;
    }
  });
  return notes;
}

/// A module that records nothing in inference: Dropout.
struct Silent {
  std::string path;
  std::string ops;
  Shape output;
  std::size_t before;  ///< the first node after it
};
std::vector<Silent> silent_of(const StateWatch& watch,
                              const std::vector<std::pair<std::string, Rng*>>& generators);

Summary summarize(const Tape& tape, const Notes& notes, const std::vector<Silent>& silent);

}  // namespace detail

/// Runs the model once on `sample` (a batch, e.g. zeros({1, 784})), as it is used after training,
/// and lists its modules. Layers without a size yet get it from the sample. Errors: ValueError if
/// the model uses a parameter, a Dropout or a BatchNorm that its member list leaves out, and what
/// the model throws.
template <class Model>
Summary summary(Model& model, const Tensor& sample) {
  if (!has_all_sizes(model)) build(model, sample);
  parameters(model);  // gives every parameter its path
  Tape tape(Mode::inference);
  const detail::StateWatch watch(tape);
  model(tape.input(sample));
  check_members(model, tape);
  const auto generators = wengert::generators(model);
  watch.require_listed(wengert::buffers(model), generators);
  return detail::summarize(tape, detail::notes_of(model), detail::silent_of(watch, generators));
}
/// The same of a model that is not to be changed: of a copy.
template <std::copy_constructible Model>
Summary summary(const Model& model, const Tensor& sample) {
  Model copy = model;
  return summary(copy, sample);
}

}  // namespace wengert
