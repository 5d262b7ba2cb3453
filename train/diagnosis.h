// SPDX-License-Identifier: MIT
// Judges a training by its curves, as one would by eye, but with numbers: what is wrong, on which
// statistic that is based, and what to try. It knows the History only; pictures are in report.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "history.h"

namespace wengert {

/// What may have happened. The last three are remarks, not faults.
enum class Condition {
  not_finite,                   ///< a loss or a gradient became NaN or infinite, also if clipping
                                ///< left those steps out
  not_learning,                 ///< the training loss did not fall
  rate_too_high,                ///< it oscillates, or rose above that of the untrained model
  rate_too_low,                 ///< it falls, all along as slowly as at the start
  not_finished,                 ///< it was still falling when the training ended
  overfitting,                  ///< the validation loss rises while the training loss falls
  unrepresentative_validation,  ///< the two sets differ from the start, or one is too small
  jump,                         ///< the loss rose suddenly once or twice
  validation_below_training,    ///< because of dropout, augmentation or averaging over the epoch
  too_short,                    ///< too few points to judge
  good,
};
std::string_view to_string(Condition condition);

struct Finding {
  Condition condition = Condition::good;
  std::int64_t epoch = 0;      ///< where it begins, from 1; 0 if it is no matter of one epoch
  std::string text = {};       ///< what is seen
  std::string statistic = {};  ///< what it is based on
  double value = 0;            ///< of the statistic
  double threshold = 0;        ///< beyond which it counts
  std::string cure = {};       ///< what to try; empty for what needs none
  /// False for remarks.
  bool is_fault() const { return condition < Condition::validation_below_training; }
};

struct Diagnosis {
  std::vector<Finding> findings;  ///< the gravest first; at least one
  /// No fault was found, and there was enough to look at.
  bool good() const;
  /// The first finding of this kind, or null.
  const Finding* find(Condition condition) const;
};

/// The curves are judged on the logarithm of the loss above its floor (0 if none is known). Gaps
/// between training and validation are judged with the training loss at the end of the epoch:
/// settled_loss where it was measured, else the geometric mean of this epoch's and the next's.
/// After a fault that makes the others meaningless (not_finite, rate_too_high, not_learning) these
/// are not looked for; steps left out by clipping make none meaningless.
Diagnosis diagnose(const History& history);

/// Each finding in three lines: what, by which statistic, and what to try.
std::string to_string(const Diagnosis& diagnosis);

}  // namespace wengert
