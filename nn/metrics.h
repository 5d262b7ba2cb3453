// SPDX-License-Identifier: MIT
// How good predictions are, in numbers that people know, each with its standard error. They compare
// values, carry no gradient and record nothing. What a model is trained by is in loss.h; a metric
// as a value is in metric_function.h.
//
// A sample is an entry of the leading axis. Elements of one sample are not independent, so that
// errors are those of means over samples, not over elements. A prediction that is NaN is wrong: it
// counts as a miss where hits are counted, and makes other metrics NaN.
#pragma once

#include <vector>

#include "../graph/var.h"
#include "estimate.h"

namespace wengert {

/// Share of rows of [..., classes] (logits or probabilities) whose first largest entry is at the
/// label: i64 [...], or the largest entry of distributions [..., classes].
/// Errors of this and the following: ShapeError or DTypeError if the target does not fit the
/// prediction or there is one class only; ValueError if a label is outside [0, classes) or there
/// are no samples.
Estimate accuracy(const Var& prediction, const Var& target);

/// Share of probabilities on the right side of 1/2, which itself counts as 0. Targets are 0 and 1,
/// of any dtype and the prediction's shape. Errors: also ValueError if a target is another number.
Estimate binary_accuracy(const Var& probability, const Var& target);
/// The same of logits, whose sides are those of 0.
Estimate binary_accuracy_from_logits(const Var& logits, const Var& target);

/// mean |prediction - target|
Estimate mean_absolute_error(const Var& prediction, const Var& target);

/// 1 - sum (prediction - target)^2 / sum (target - its column's mean)^2, the share of the targets'
/// variance that is explained; over several columns it is the mean weighted by their variances.
/// With a and b the two sums of one sample and A, B their means, the error is that of the mean of
/// (a - (A / B) b) / B (delta method for a ratio; Cochran 1977, chapter 6). NaN if the targets
/// are constant.
Estimate r2(const Var& prediction, const Var& target);

/// Area under the receiver operating characteristic: the probability that a sample of class 1 is
/// given a higher score than one of class 0, a tie counting 1/2. Exact, by ranks, O(n log n).
/// Scores [n] or [n, 1]; targets 0 and 1 of that shape and any dtype. The error is that of DeLong,
/// DeLong and Clarke-Pearson 1988 with the ranks of Sun and Xu 2014. NaN if a class is missing.
Estimate auc(const Var& score, const Var& target);

/// i64 [classes, classes]: the row is the label, the column the first largest entry of the
/// prediction. Targets as in accuracy. Errors: also ValueError naming the row if a prediction is
/// NaN.
Tensor confusion_matrix(const Var& prediction, const Var& target);

/// With TP, FP, FN the right, wrongly claimed and missed samples of a class:
struct ClassScores {
  Estimate precision;  ///< TP / (TP + FP), binomial; NaN if the class was never predicted
  Estimate recall;     ///< TP / (TP + FN), binomial; NaN if the class did not occur
  /// 2 TP / (2 TP + FP + FN), error^2 = 4 TP (FP + FN) (TP + FP + FN) / (2 TP + FP + FN)^4: the
  /// delta method for multinomial counts (Takahashi et al. 2022 derive it for the means).
  Estimate f1;
};
/// One row a class. Errors: ShapeError or DTypeError if `confusion` is not i64 [c, c].
std::vector<ClassScores> class_scores(const Tensor& confusion);

}  // namespace wengert
