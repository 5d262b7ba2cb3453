// SPDX-License-Identifier: MIT
// Losses: a prediction and a target to one number. Each is one function, so that it can be passed
// by name, and a composition of ops, so that it can be written out where a variant is needed. Which
// of them goes with which last activation and which targets is in docs/losses.md; as a value that
// knows its name a loss is a Loss (loss_function.h).
#pragma once

#include "../graph/var.h"

namespace wengert {

/// What becomes of a batch's losses.
enum class Reduction {
  mean,  ///< sum of weight x loss over sum of weights
  sum,   ///< sum of weight x loss
  none,  ///< weight x loss, one by one
};

/// How much each sample or element counts: `mse(y, t, {.weights = w, .mask = m})`.
///
/// Weights and mask have the leading axes of the losses: [n] is one number a sample, [n, time] one
/// a step, and the losses' whole shape one an element. They multiply. A loss over classes has one
/// loss a row, the others one an element.
///
/// The mean divides by the sum of the weights of what is counted, so that a weight of 2 is the same
/// as the sample twice, a mask the same as leaving out, and the scale of the weights does not
/// matter. PyTorch does this with class weights; Keras divides by the number of samples instead.
///
/// Errors of every loss: ShapeError if weights or mask do not have the losses' leading axes;
/// ValueError if a weight is not finite, a mask holds anything but 0 and 1, or the mean would
/// divide by a sum that is not above 0 (a single weight may be negative).
struct Weighting {
  Var weights = {};  ///< f32, f64 or i64; none: all 1
  /// 1 counts; 0 does not, in value and gradient, whatever prediction and target hold there, NaN
  /// and labels outside the classes included. None: everything counts.
  Var mask = {};
  Reduction reduction = Reduction::mean;
};

// Errors of all: ShapeError if prediction and target differ in shape (broadcasting them would be a
// silent mistake) unless it says otherwise; DTypeError if their dtypes differ; ValueError naming
// the element if a target is outside its range. NaN is not outside: it makes the loss NaN. With y
// the prediction and t the target, the loss of one element or row is:

/// (y - t)^2
Var mse(const Var& prediction, const Var& target, const Weighting& weighting = {});
/// |y - t|
Var mae(const Var& prediction, const Var& target, const Weighting& weighting = {});
/// (y - t)^2 / 2 where |y - t| <= 1, else |y - t| - 1/2 (Huber 1964). `huber_with(delta)` in
/// loss_function.h has the bend elsewhere.
Var huber(const Var& prediction, const Var& target, const Weighting& weighting = {});
/// (ln(1 + y) - ln(1 + t))^2. Errors: ValueError if a prediction or target is not above -1.
Var msle(const Var& prediction, const Var& target, const Weighting& weighting = {});

/// -t ln y - (1 - t) ln(1 - y), predictions and targets in [0, 1]. Logarithms are held at -100 as
/// in PyTorch, so that a certain mistake costs 100; the gradient of a held one is 0. In f32 a
/// number below the normal range (1.2e-38) counts as 0, so that losses jump from 87.3 to 100 there.
/// Prefer bce_from_logits, which is exact everywhere. Errors: ValueError if a prediction is outside
/// [0, 1].
Var bce(const Var& probability, const Var& target, const Weighting& weighting = {});
/// The same of y = sigmoid(z): ln(1 + e^z) - t z, targets in [0, 1].
Var bce_from_logits(const Var& logits, const Var& target, const Weighting& weighting = {});

/// -ln softmax(z)[label] of every row of logits [..., classes], labels i64 [...]; or, with
/// distributions [..., classes] as targets, -sum_k t_k ln softmax(z)_k.
/// Errors: ValueError if a label is outside [0, classes) or a target outside [0, 1].
Var cross_entropy(const Var& logits, const Var& target, const Weighting& weighting = {});
/// The same of probabilities [..., classes]: -ln y[label], or -sum_k t_k ln y_k, with logarithms
/// held as in bce. Prefer cross_entropy. Errors: also ValueError if a prediction is outside [0, 1].
Var cross_entropy_from_probabilities(const Var& probabilities, const Var& target,
                                     const Weighting& weighting = {});
/// sum_k t_k ln(t_k / y_k) of every row of probabilities [..., classes]; 0 ln 0 is 0, and the other
/// logarithms are held as in bce. Errors: ValueError if one is outside [0, 1].
Var kl_divergence(const Var& probabilities, const Var& target, const Weighting& weighting = {});
/// The same of y = softmax(z).
Var kl_divergence_from_logits(const Var& logits, const Var& target,
                              const Weighting& weighting = {});

/// y - t ln y, for counts t >= 0 and a rate y >= 0: the negative log-likelihood of Poisson's
/// distribution without ln t!, which no prediction changes. Logarithms are held as in bce.
/// Errors: ValueError if a rate or a target is negative.
Var poisson_nll(const Var& rate, const Var& target, const Weighting& weighting = {});
/// The same of y = e^z: e^z - t z.
Var poisson_nll_from_log(const Var& log_rate, const Var& target, const Weighting& weighting = {});
/// (s + (t - m)^2 e^-s) / 2 for targets [..., d] and predictions [..., 2 d] that hold the means m
/// and then the logarithms s of the variances: the negative log-likelihood of a normal distribution
/// without ln(2 pi) / 2 (Nix and Weigend 1994). It has no lower bound: a mean that is exact lets s
/// fall for ever. Errors: ShapeError if the prediction's last axis is not twice the target's.
Var gaussian_nll(const Var& prediction, const Var& target, const Weighting& weighting = {});

/// max(0, 1 - t y) for targets -1 and 1. Errors: ValueError if a target is another number.
Var hinge(const Var& prediction, const Var& target, const Weighting& weighting = {});
/// max(0, 1 + max_{k != label} y_k - y_label) of every row of scores [..., classes]; labels i64
/// [...] (Crammer and Singer 2001). Errors: ValueError if a label is outside [0, classes) or there
/// is one class only.
Var categorical_hinge(const Var& scores, const Var& labels, const Weighting& weighting = {});

}  // namespace wengert
