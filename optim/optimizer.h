// SPDX-License-Identifier: MIT
// What all optimizers share: one step over a model's parameters that happens completely or not at
// all, with state kept by path name, so that it can be saved. An optimizer of one's own derives
// from Optimizer and writes `apply`.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../graph/gradients.h"
#include "../graph/parameter.h"
#include "clip.h"
#include "parameter_group.h"
#include "parameter_list.h"
#include "statistics.h"

namespace wengert {

/// Everything an optimizer needs to go on as if it had never stopped, but its options (of which
/// only the rate is here) and groups, which the program gives again.
struct OptimizerState {
  std::string optimizer;  ///< its name
  std::int64_t steps = 0;
  std::map<std::string, Tensor> tensors;  ///< "<path>/<slot>"
  std::map<std::string, double> scalars;  ///< "rate", "clipping/...", "<path>/steps", ...
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual std::string_view name() const = 0;
  virtual std::unique_ptr<Optimizer> clone() const = 0;

  /// One step for every parameter of the model that is not frozen. Errors, before anything is
  /// changed: TapeError if a parameter got no gradient, with the reason; ShapeError, DTypeError or
  /// ValueError if two parameters have one name, the optimizer was used on another model of the
  /// same names before, an option is outside its range, or a group, a restored state or clipping
  /// does not allow the step.
  template <Trainable Model>
  void update(Model& model, const Gradients& gradients) {
    update(std::span<Parameter* const>(parameters(model)), gradients);
  }
  void update(std::span<Parameter* const> parameters, const Gradients& gradients);

  /// The same step, and what it did to each parameter it was for, in the order of the model.
  template <Trainable Model>
  std::vector<ParameterStatistics> update_with_statistics(Model& model,
                                                          const Gradients& gradients) {
    return update_with_statistics(std::span<Parameter* const>(parameters(model)), gradients);
  }
  std::vector<ParameterStatistics> update_with_statistics(std::span<Parameter* const> parameters,
                                                          const Gradients& gradients);

  /// Those that an update changes: neither frozen themselves nor by a group.
  template <Trainable Model>
  std::vector<Parameter*> trained(Model& model) const {
    return trained(std::span<Parameter* const>(parameters(model)));
  }
  std::vector<Parameter*> trained(std::span<Parameter* const> parameters) const;

  /// Steps taken so far.
  std::int64_t steps() const { return steps_; }

  /// The learning rate of the options, before a group's factor; schedules set it.
  virtual double rate() const = 0;
  /// Errors: ValueError if it is negative, infinite or NaN.
  void set_rate(double rate);

  /// Parameters whose path matches `pattern` (graph/path_pattern.h) are treated as `group` says. If
  /// several match, the last one given decides alone: first the rule, then its exceptions.
  /// Errors: ValueError for negative or non-finite numbers; at the next update, for a pattern that
  /// no parameter of the model matches.
  Optimizer& group(std::string pattern, const ParameterGroup& group);
  /// Errors: ValueError if a limit is not above 0.
  Optimizer& clip(const Clip& clip);
  const ClippingLedger& clipping() const { return clipping_; }

  OptimizerState state() const;
  /// Takes a saved state. The next update compares it with the model it is given.
  /// Errors: ValueError if it is another optimizer's, or incomplete in itself.
  void restore(const OptimizerState& state);
  /// Compares it right away, before anything is changed. Errors: ValueError, ShapeError or
  /// DTypeError if it lacks a parameter of the model, knows one more, or differs in shape.
  template <Trainable Model>
  void restore(Model& model, const OptimizerState& state) {
    restore(std::span<Parameter* const>(parameters(model)), state);
  }
  void restore(std::span<Parameter* const> parameters, const OptimizerState& state);

 protected:
  Optimizer() = default;
  Optimizer(const Optimizer&) = default;
  Optimizer& operator=(const Optimizer&) = default;

  /// A stretch of one parameter's elements: what the recurrence reads and writes. Groups and
  /// clipping have acted on `weight` and `gradient` already; `result` may not be left unwritten.
  class Step {
   public:
    std::size_t size = 0;
    DType dtype = DType::f32;
    std::int64_t number = 0;          ///< of this parameter's step, from 1
    double rate = 0.0;                ///< with the group's factor
    std::span<const double> scalars;  ///< as `advance` left them

    template <class T>
    const T* weight() const {
      return static_cast<const T*>(weight_);
    }
    template <class T>
    const T* gradient() const {
      return static_cast<const T*>(gradient_);
    }
    template <class T>
    T* result() const {
      return static_cast<T*>(result_);
    }
    template <class T>
    T* slot(std::size_t index) const {
      return static_cast<T*>(slots_.at(index));
    }

   private:
    friend class Optimizer;
    const void* weight_ = nullptr;
    const void* gradient_ = nullptr;
    void* result_ = nullptr;
    std::array<void*, 4> slots_{};
  };
  /// Names of the state tensors a parameter, at most four, all starting at zero.
  virtual std::span<const std::string_view> slot_names() const { return {}; }
  /// Names of the state numbers a parameter, all starting at zero.
  virtual std::span<const std::string_view> scalar_names() const { return {}; }
  /// Once for each parameter in each step, before its stretches.
  virtual void advance(std::span<double> /*scalars*/, std::int64_t /*number*/) const {}
  /// Element by element: a parameter may be cut into stretches anywhere.
  virtual void apply(const Step& step) const = 0;
  /// What holds for parameters that no group matches, and for what a group leaves unset.
  virtual ParameterGroup defaults() const { return {}; }
  virtual double& rate_option() = 0;
  /// Before every step, because `options()` may have been written to since the last one.
  /// Errors: ValueError for what the constructor would not take.
  virtual void check_options() const {}

 private:
  struct State {
    std::uint64_t parameter = 0;  ///< identity; 0 for a restored state that has not met its model
    std::int64_t steps = 0;
    std::vector<Tensor> slots;
    std::vector<double> scalars;
  };
  struct Work {
    Parameter* parameter;
    std::string key;
    Tensor gradient;
    ParameterGroup group;
  };
  using Parameters = std::span<Parameter* const>;

  static std::string key_of(const Parameter& parameter, std::size_t index);
  ParameterGroup group_of(std::string_view key) const;
  void require_matches(Parameters parameters) const;
  void require_restored_fits(Parameters parameters) const;
  void require_own_state(const Work& work) const;
  std::vector<Work> find_work(Parameters parameters, const Gradients& gradients) const;
  State fresh_state(const Parameter& parameter) const;
  bool allow_clipped(const std::vector<Work>& work, double& scale);
  void step_one(const Work& work, double scale, ParameterStatistics* statistics);
  void step(Parameters parameters, const Gradients& gradients,
            std::vector<ParameterStatistics>* statistics);

  std::map<std::string, State> states_;
  std::int64_t steps_ = 0;
  std::vector<std::pair<std::string, ParameterGroup>> groups_;
  bool groups_met_ = true;    ///< every pattern has been compared with a model
  bool restored_met_ = true;  ///< so has a restored state
  Clip clip_;
  bool clips_ = false;
  ClippingLedger clipping_;
};

}  // namespace wengert
