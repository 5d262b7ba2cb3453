// SPDX-License-Identifier: MIT
// The step of `fit`: one model, one loss, one optimizer. The loop around it is in fit.cpp.
// Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "batch_weighting.h"
#include "fit.h"

namespace wengert::detail {

/// Refers to the optimizer and the options, which have to outlive it.
class OrdinaryStep {
 public:
  OrdinaryStep(ModelRef model, Optimizer& optimizer, const FitOptions& options,
               const data::Dataset& data);

  /// Nothing is changed if the loss or the gradient is not finite; a gradient that is not has the
  /// norm infinity.
  StepResult operator()(const data::Batch& batch);

 private:
  Var run(Tape& tape, const data::Batch& batch);
  void take_step(std::span<Parameter* const> parameters, std::span<Parameter* const> trained,
                 const Gradients& gradients, StepResult& result);
  void take_bad_step(std::span<Parameter* const> parameters, const Gradients& gradients,
                     StepResult& result);

  ModelRef model_;
  Optimizer& optimizer_;
  const FitOptions& options_;
  std::int64_t statistics_every_;
  bool each_step_;
  BatchLoss loss_;
  bool checked_ = false;
};

}  // namespace wengert::detail
