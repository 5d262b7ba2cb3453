// SPDX-License-Identifier: MIT
// All that has to be known to go on with a training as if nothing had happened: a list of the
// things that change, and a picture of them that can be kept in memory or in a file.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "../graph/rng.h"
#include "../graph/tensor.h"
#include "../optim/ema.h"
#include "../optim/optimizer.h"
#include "../optim/schedule.h"
#include "model_ref.h"

namespace wengert {

/// The values of everything in a TrainingState at one moment. Copying it is cheap: tensors share
/// their memory until somebody writes.
struct Snapshot {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> notes;
};

/// Refers to models, optimizers and generators, which have to outlive it.
///
///     TrainingState().add("G", generator).add("D", discriminator).add("adam_g", adam_g)
///
/// Errors of each `add`: ValueError if there is a part of that name, or '/' in it.
class TrainingState {
 public:
  /// Parameters, buffers, and the generators of modules such as Dropout.
  template <class Model>
  requires(HasMembers<Model> || detail::is_vector<Model> ||
           std::same_as<Model, Parameter>) TrainingState& add(std::string_view name, Model& model) {
    return add_model(name, ModelRef(model));
  }
  TrainingState& add(std::string_view name, Optimizer& optimizer);
  /// Compares with the model's parameters as soon as it is restored, and not at the next update.
  TrainingState& add(std::string_view name, Optimizer& optimizer, const ModelRef& model);
  /// The state of another kind of schedule is not restored: this one then goes on as it is.
  TrainingState& add(std::string_view name, Schedule& schedule);
  TrainingState& add(std::string_view name, Rng& rng);
  /// Anything else, as two functions: what to keep, and how to take it back.
  TrainingState& add(std::string_view name, std::function<Snapshot()> keep,
                     std::function<void(const Snapshot&)> take);
  TrainingState& add(std::string_view name, Ema& average);
  TrainingState& add_model(std::string_view name, const ModelRef& model);
  /// The parts of another one. Errors: ValueError if both have one of the same name.
  TrainingState& append(const TrainingState& others);

  Snapshot snapshot() const;
  /// Errors, before anything is changed: ValueError naming what is missing or left over; what the
  /// parts themselves say of values that do not fit.
  void restore(const Snapshot& snapshot) const;

  /// The parameters and buffers of the models alone: what early stopping puts back.
  Snapshot weights() const;
  void restore_weights(const Snapshot& weights) const;

  const std::vector<ModelRef>& models() const { return models_; }
  const std::vector<Optimizer*>& optimizers() const { return optimizers_; }

 private:
  struct Part {
    std::string name;
    bool weights;
    std::function<Snapshot()> keep;
    /// Checks without changing anything, and returns what makes the change.
    std::function<std::function<void()>(const Snapshot&)> prepare;
  };
  TrainingState& add_part(Part part);
  Snapshot collect(bool only_weights) const;
  void put_back(const Snapshot& snapshot, bool only_weights) const;

  std::vector<Part> parts_;
  std::vector<ModelRef> models_;
  std::vector<Optimizer*> optimizers_;
};

}  // namespace wengert
