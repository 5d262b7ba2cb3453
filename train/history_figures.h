// SPDX-License-Identifier: MIT
// Figures of trainings: the curves of one History, and many runs as a median with a band. Drawing
// is left to figure.h.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "../figures/figure.h"
#include "history.h"

namespace wengert {

/// Training and validation loss against the epoch, with the validation loss's standard error as a
/// band and the floor, if they are known; then a second panel shows the excess over the floor. For
/// fewer than eight epochs the loss of the steps is there too.
Figure loss_figure(const History& history);
/// One panel a metric; none if there are no metrics.
Figure metrics_figure(const History& history);
/// The learning rate against the epoch.
Figure rate_figure(const History& history);
/// The gradient's norm, and for up to eight parameters the relative size of their updates.
Figure gradient_figure(const History& history);

/// What of the runs a band shows.
enum class Band { quartiles, extremes };
/// The median of several runs at each x, and the band about it: small multiples over seeds. A run
/// that is shorter, or not finite somewhere, is left out there.
Series over_runs(std::string name, std::span<const double> x,
                 std::span<const std::vector<double>> runs, Band band = Band::quartiles);
/// The same for a number of each epoch, e.g. [](const EpochRecord& e) { return e.loss; }, against
/// the epochs of the longest run.
Series over_runs(std::string name, std::span<const History> runs,
                 const std::function<double(const EpochRecord&)>& number,
                 Band band = Band::quartiles);

}  // namespace wengert
