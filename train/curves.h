// SPDX-License-Identifier: MIT
// A history as the series that its diagnosis looks at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "history.h"

namespace wengert::detail {

/// Points in time (epochs passed) and the logarithm of the loss above its floor.
struct Curve {
  std::vector<double> x;
  std::vector<double> log_loss;
  std::size_t size() const { return x.size(); }
};

struct Curves {
  Curve training;    ///< one point an epoch; blocks of steps where the epochs are few
  Curve by_epoch;    ///< the training loss, one point an epoch
  Curve validation;  ///< empty where not every epoch has one
  /// log of the training loss at each epoch's end, as far as it is known (one shorter than the
  /// others where it is interpolated).
  std::vector<double> settled;
  bool settled_measured = false;
  std::vector<double> relative_error;  ///< of the validation loss; empty if unknown
  /// log of the loss of the first step, before anything was learned, if it was recorded.
  std::optional<double> untrained;
  /// How far the logarithms' zero was moved below what the loss cannot go below, for a loss that
  /// came to be just that.
  double moved = 0;

  /// How much less the loss is at `after` than at `before` (two logarithms), as a share of it.
  double fall(double before, double after) const;
};
/// All losses of the history are finite.
Curves curves_of(const History& history);

/// |change of all weights| / |all weights| in one epoch's mean step; NaN if it was not measured.
double update_ratio(const EpochRecord& epoch);

}  // namespace wengert::detail
