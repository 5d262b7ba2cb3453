// SPDX-License-Identifier: MIT
// Losses: a prediction and a target to one number, the mean over all elements or rows. They are
// compositions of ops, so each can be written out where a variant is needed.
#pragma once

#include "../graph/var.h"

namespace wengert {

/// Mean squared error: mean (prediction - target)^2.
/// Errors: ShapeError if the shapes differ (broadcasting them would be a silent mistake).
Var mse(const Var& prediction, const Var& target);
/// Mean absolute error: mean |prediction - target|. Errors: as mse.
Var mae(const Var& prediction, const Var& target);
/// Binary cross-entropy from logits: mean softplus(z) - z t, targets in [0, 1]. Errors: as mse.
Var bce_from_logits(const Var& logits, const Var& target);
/// Mean categorical cross-entropy of logits [..., classes] and labels: i64 [...], or distributions
/// [..., classes]. Errors: ValueError if a label is outside [0, classes); ShapeError.
Var cross_entropy(const Var& logits, const Var& target);

/// Share of rows of `logits` [n, classes] whose largest entry is at the label (i64 [n]).
double accuracy(const Var& logits, const Var& labels);

}  // namespace wengert
