// SPDX-License-Identifier: MIT
#include "curves.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "trend.h"

namespace wengert::detail {
namespace {

constexpr std::size_t enough_epochs = 8;
constexpr std::size_t blocks = 24;
constexpr std::size_t least_steps = 4;  // a block

std::vector<double> all_losses(const History& history) {
  std::vector<double> losses;
  for (const EpochRecord& epoch : history.epochs) {
    losses.push_back(epoch.loss);
    if (epoch.validation_loss) losses.push_back(epoch.validation_loss->value);
    if (epoch.settled_loss) losses.push_back(epoch.settled_loss->value);
  }
  for (const StepRecord& step : history.steps) losses.push_back(step.loss);
  return losses;
}

struct Base {
  double value = 0;
  double moved = 0;  ///< below the floor
};
/// What a loss is measured from: its floor if it is one, else 0; for losses that become negative
/// (likelihoods of densities) or come to their floor a point below them all, by half of their usual
/// size.
Base base_of(const History& history) {
  const std::vector<double> losses = all_losses(history);
  if (losses.empty()) return {};
  const double least = *std::min_element(losses.begin(), losses.end());
  if (history.floor && least > *history.floor) return {*history.floor};
  // A loss in f32 may come to lie a little below its floor.
  const double zero = history.floor.value_or(0), rounding = 1e-6 * std::abs(zero);
  const bool reached = least <= zero && least >= zero - rounding;
  if (least > 0 && !reached) return {};
  std::vector<double> sizes;
  for (const double loss : losses) sizes.push_back(std::abs(reached ? loss - least : loss));
  const double size = median(std::move(sizes));
  const double below = size > 0 ? 0.5 * size : 1.0;
  const double base = least - below;
  return {base, reached ? zero - base : 0};
}

Curve blocks_of_steps(const History& history, double base) {
  const std::size_t n = history.steps.size();
  const std::size_t length = std::max(least_steps, n / blocks);
  const double per_epoch = static_cast<double>(n) / static_cast<double>(history.epochs.size());
  Curve curve;
  for (std::size_t first = 0; first + length <= n; first += length) {
    double sum = 0;
    for (std::size_t i = first; i < first + length; ++i) sum += history.steps[i].loss;
    curve.x.push_back(static_cast<double>(first + length) / per_epoch);
    curve.log_loss.push_back(std::log(sum / static_cast<double>(length) - base));
  }
  return curve;
}

}  // namespace

Curves curves_of(const History& history) {
  Curves curves;
  const auto [base, moved] = base_of(history);
  curves.moved = moved;
  const auto log_of = [base = base](double loss) { return std::log(loss - base); };
  const auto& epochs = history.epochs;
  const auto everywhere = [&](auto member) {
    return !epochs.empty() && std::all_of(epochs.begin(), epochs.end(), [&](const EpochRecord& e) {
      return std::invoke(member, e).has_value();
    });
  };
  const bool validated = everywhere(&EpochRecord::validation_loss);
  curves.settled_measured = everywhere(&EpochRecord::settled_loss);
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    const auto x = static_cast<double>(i + 1);
    curves.by_epoch.x.push_back(x);
    curves.by_epoch.log_loss.push_back(log_of(epochs[i].loss));
    if (curves.settled_measured) curves.settled.push_back(log_of(epochs[i].settled_loss->value));
    else if (i + 1 < epochs.size())
      curves.settled.push_back(0.5 * (log_of(epochs[i].loss) + log_of(epochs[i + 1].loss)));
    if (!validated) continue;
    const Estimate& validation = *epochs[i].validation_loss;
    curves.validation.x.push_back(x);
    curves.validation.log_loss.push_back(log_of(validation.value));
    if (std::isfinite(validation.error))
      curves.relative_error.push_back(validation.error / (validation.value - base));
  }
  if (curves.relative_error.size() != epochs.size()) curves.relative_error.clear();
  if (!history.steps.empty() && history.steps.front().step == 1)
    curves.untrained = log_of(history.steps.front().loss);
  curves.training = curves.by_epoch;
  if (epochs.size() < enough_epochs && history.steps.size() >= enough_epochs * least_steps)
    curves.training = blocks_of_steps(history, base);
  return curves;
}

double Curves::fall(double before, double after) const {
  const double start = std::exp(before) - moved, end = std::exp(after) - moved;
  const double rounding = 1e-12 * moved;
  return start > rounding ? 1 - std::max(end, 0.0) / start : 0;
}

double update_ratio(const EpochRecord& epoch) {
  double updates = 0, weights = 0;
  for (const GroupStatistics& group : epoch.groups) {
    if (!std::isfinite(group.update_ratio) || !std::isfinite(group.weight_norm)) continue;
    updates += std::pow(group.update_ratio * group.weight_norm, 2);
    weights += std::pow(group.weight_norm, 2);
  }
  return weights > 0 ? std::sqrt(updates / weights) : not_measured;
}

}  // namespace wengert::detail
