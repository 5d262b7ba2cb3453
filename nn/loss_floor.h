// SPDX-License-Identifier: MIT
// The least value a loss can have on given targets. Of losses with soft targets it is not 0, so
// that what a model can still gain is the excess over the floor.
#pragma once

#include <optional>

#include "../graph/tensor.h"
#include "loss_function.h"

namespace wengert {

/// The binary entropy of the targets, mean of -t ln t - (1 - t) ln(1 - t): no prediction has a
/// smaller bce, and the targets themselves have it. 0 for targets that are 0 and 1 only.
/// Errors: ValueError if a target is outside [0, 1]; DTypeError for i64.
double bce_floor(const Tensor& targets);

/// The value of a loss at the best possible predictions: bce_floor for bce and bce_from_logits, the
/// targets' mean entropy for cross_entropy (0 for labels), mean t - t ln t for poisson_nll, 0 for
/// losses that vanish at the target. Nothing where there is no bound (gaussian_nll) or none is
/// known (custom losses). Weights, mask and reduction as in the loss; Reduction::none is an error.
/// Errors: what the loss throws at these targets.
std::optional<double> loss_floor(const Loss& loss, const Tensor& targets,
                                 const Weighting& weighting = {});

}  // namespace wengert
