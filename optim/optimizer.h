// SPDX-License-Identifier: MIT
// What all optimizers share: one step over a model's parameters that happens completely or not at
// all, with state kept by path name, so that it can be saved.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "../graph/gradients.h"
#include "../graph/members.h"
#include "../graph/parameter.h"

namespace wengert {

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual std::string_view name() const = 0;

  /// One step for every parameter of the model that is not frozen. Errors, before anything is changed: TapeError if a
  /// parameter got no gradient, with the reason; ShapeError, DTypeError or ValueError if the
  /// optimizer was used on another model of the same names before.
  template <class Model>
  void update(Model& model, const Gradients& gradients) {
    update(std::span<Parameter* const>(parameters(model)), gradients);
  }
  void update(std::span<Parameter* const> parameters, const Gradients& gradients);

  /// Steps taken so far.
  std::int64_t steps() const { return steps_; }

 protected:
  Optimizer() = default;
  Optimizer(const Optimizer&) = default;
  Optimizer& operator=(const Optimizer&) = default;

  /// What one parameter's update works on. `weight` is the new value: it may or may not be the same
  /// memory as `before`.
  struct Step {
    const Tensor& before;
    const Tensor& gradient;
    Tensor& weight;
    std::vector<Tensor>& slots;
    std::int64_t number;  ///< 1 for the first step
  };
  /// Number of state tensors a parameter, all starting at zero.
  virtual std::size_t slot_count() const = 0;
  virtual void apply(const Step& step) const = 0;

 private:
  struct State {
    std::uint64_t parameter;
    std::vector<Tensor> slots;
  };
  static std::string key_of(const Parameter& parameter, std::size_t index);
  void check_state(const Parameter& parameter, std::size_t index) const;
  State& state_of(const Parameter& parameter, std::size_t index);

  std::map<std::string, State> states_;
  std::int64_t steps_ = 0;
};

}  // namespace wengert
