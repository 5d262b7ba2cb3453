// SPDX-License-Identifier: MIT
// A loss of every step of an unrolled net, each a scalar that can be differentiated alone, and how
// they become one number. The losses themselves are in ../loss.h.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "../../graph/tensor.h"
#include "../../graph/var.h"
#include "../loss_function.h"

namespace wengert {

/// What becomes of the losses of the steps.
enum class StepReduction {
  mean,  ///< over all real steps of all sequences, as a loss with a mask [T, batch] has it
  sum,   ///< over each sequence's steps; mean over the sequences
  last,  ///< each sequence's own last real step; mean over the sequences
};

/// One number a step; the mean divides by their sum over the real steps, so that a weight of 2 is
/// the same as the step twice.
struct StepWeights {
  std::vector<double> values;
};

/// L_t of every step, made by `step_losses`.
struct StepLosses {
  /// Scalars: the sum of step t's losses over its real sequences, divided by the batch. Without a
  /// mask that is the loss's own mean.
  std::vector<Var> values;
  std::vector<double> real;   ///< share of the sequences that are real at step t
  std::function<Var()> last;  ///< makes the loss of StepReduction::last
};

/// The losses of outputs ys against targets, step by step; ys[t] and targets[t] are [batch, ...] as
/// the loss takes them. `mask` [T, batch] as in `unroll`: padding counts nothing in value and
/// gradient, whatever it holds, so that a padded batch has the losses of its sequences alone.
/// Errors: ValueError for no steps or a mask that is none; ShapeError if targets and outputs
/// differ in number, or the mask is of another shape; those of the loss.
StepLosses step_losses(const Loss& loss, std::span<const Var> ys, std::span<const Var> targets,
                       const Tensor& mask = {});
/// The same with targets [T, batch, ...].
StepLosses step_losses(const Loss& loss, std::span<const Var> ys, const Tensor& targets,
                       const Tensor& mask = {});

/// One loss of them. Errors: ValueError if there are none.
Var reduce(const StepLosses& losses, StepReduction reduction = StepReduction::mean);
/// sum_t w_t L_t / sum_t w_t r_t, r_t the share of real sequences. Errors: ValueError if there is
/// not one weight a step, one is not finite, or what the mean divides by is not above 0.
Var reduce(const StepLosses& losses, const StepWeights& weights);

/// The same of scalars of one's own, one a step; no step is padding.
/// Errors: also ShapeError naming the step if one is no scalar.
Var reduce(std::span<const Var> losses, StepReduction reduction = StepReduction::mean);
Var reduce(std::span<const Var> losses, const StepWeights& weights);

}  // namespace wengert
