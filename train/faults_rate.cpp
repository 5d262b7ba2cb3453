// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "faults.h"
#include "trend.h"

namespace wengert::detail {
namespace {

constexpr const char* too_high_cure =
    "divide the learning rate by 3 to 10, warm it up, or clip the gradient's norm";
constexpr const char* too_low_cure =
    "multiply the learning rate by 3 to 10; a range test finds the largest that works";

/// Largest mean of a few consecutive losses of the first epoch above that of the untrained model.
double early_rise(const History& history) {
  constexpr std::size_t window = 4;
  double largest = 0;
  const auto& steps = history.steps;
  for (std::size_t i = 1; i + window <= steps.size() && steps[i].epoch <= 1; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < window; ++k) sum += steps[i + k].loss;
    largest = std::max(largest, sum / window);
  }
  return largest / steps.front().loss;
}

const GroupStatistics* dead_group(const History& history) {
  for (const GroupStatistics& group : history.epochs.back().groups)
    if (group.zero > 0.99) return &group;
  return nullptr;
}

/// Why a model may stand still, from its gradients.
std::string reason_to_stand_still(const History& history) {
  const auto missing = std::ranges::count_if(history.steps, left_out);
  if (2 * static_cast<std::size_t>(missing) > history.steps.size())
    return fmt::format(
        "{} of {} steps were left out because the gradient was not finite: mend that first",
        missing, history.steps.size());
  if (const GroupStatistics* group = dead_group(history))
    return fmt::format(
        "{} of the gradient of {} is exactly zero: dead relu units (a smaller rate, "
        "another initialiser) or a path that is cut",
        percent(group->zero), group->name);
  if (update_ratio(history.epochs.back()) == 0)
    return "the weights do not change at all: is the learning rate zero, or everything frozen?";
  return "check that inputs and targets belong together, scale the inputs, try another learning "
         "rate, or a larger model; can it learn ten samples by heart?";
}

/// How far single losses scatter in the first epoch, relative to their size; 0 if unknown.
double scatter_of_steps(const History& history) {
  std::vector<double> logs;
  for (const StepRecord& step : history.steps)
    if (step.epoch <= 1 && step.loss > 0) logs.push_back(std::log(step.loss));
  return noise(logs);
}

}  // namespace

bool find_rate_too_high(const History& history, const Curves& curves, Findings& findings) {
  if (curves.untrained && history.steps.front().loss > 0) {
    constexpr double much = 2;
    const double rise = early_rise(history);
    if (rise > much) {
      findings.push_back(
          {.condition = Condition::rate_too_high,
           .epoch = 1,
           .text = fmt::format("the first steps made the model worse: the loss rose to {:.3g} "
                               "times that of the untrained model",
                               rise),
           .statistic = "largest mean of 4 consecutive losses in epoch 1 / loss of step 1",
           .value = rise,
           .threshold = much,
           .cure = too_high_cure});
      return true;
    }
  }
  const std::span<const double> tail =
      std::span<const double>(curves.training.log_loss)
          .last(curves.training.size() - curves.training.size() / 3);
  std::size_t rises = 0;
  for (std::size_t i = 1; i < tail.size(); ++i) rises += tail[i] > tail[i - 1] ? 1 : 0;
  const double share = static_cast<double>(rises) / static_cast<double>(tail.size() - 1);
  const double jitter = noise(tail);
  constexpr double noisy = 0.12, often = 0.25;
  // Blocks of few steps are noisy by themselves.
  if (curves.training.size() != history.epochs.size()) return false;
  if (jitter < noisy || share < often) return false;
  findings.push_back({.condition = Condition::rate_too_high,
                      .text = fmt::format("the training loss goes up and down by {} from epoch "
                                          "to epoch and rises in {} of them",
                                          percent(jitter), percent(share)),
                      .statistic = "noise of log(training loss) about its trend, from second "
                                   "differences, in the last two thirds",
                      .value = jitter,
                      .threshold = noisy,
                      .cure = too_high_cure});
  return true;
}

bool find_rate_too_low(const History& history, const Curves& curves, Findings& findings) {
  const Curve& curve = curves.training;
  const double start = curve.log_loss.front();
  const double fallen = curves.fall(start, end_of(curve.log_loss));
  constexpr double half = 0.5, straight = 0.35, sure = 4;
  if (fallen > half || mann_kendall(curve.log_loss) > -sure) return false;
  // The first point is an average over steep first steps, or over an untrained last layer.
  const std::vector<double> y(curve.log_loss.begin() + 1, curve.log_loss.end());
  const std::vector<double> x(curve.x.begin() + 1, curve.x.end());
  const Line first = fitted_line(first_third(x), first_third(y));
  const Line last = fitted_line(last_third(x), last_third(y));
  if (!(first.slope < 0) || last.slope > -sure * last.error) return false;
  const double straightness = last.slope / first.slope;
  if (straightness < straight) return false;
  const double ratio = update_ratio(history.epochs.back());
  findings.push_back(
      {.condition = Condition::rate_too_low,
       .text = fmt::format("the training loss has fallen by {} only, and at its end still falls at "
                           "{} of the speed of its beginning{}",
                           percent(fallen), percent(straightness),
                           std::isnan(ratio)
                               ? ""
                               : fmt::format("; a step changes the weights by {:.2g} of their size "
                                             "(1e-3 is usual)",
                                             ratio)),
       .statistic = "slope of log(training loss) in the last third / in the first third",
       .value = straightness,
       .threshold = straight,
       .cure = too_low_cure});
  return true;
}

bool find_not_learning(const History& history, const Curves& curves, Findings& findings) {
  const double first = curves.training.log_loss.front();
  const double untrained = curves.untrained.value_or(first);
  const double end = end_of(curves.training.log_loss);
  constexpr double little = 0.03, sure = 4;
  // One batch's loss is a noisy measure of the untrained model; an epoch's mean comes late.
  const bool below_untrained =
      curves.fall(untrained, end) > std::max(little, sure * scatter_of_steps(history));
  const double fallen = curves.fall(std::min(untrained, first), end);
  // The first batch may have been an easy one.
  const bool surely_falls =
      curves.fall(first, end) > std::max(little, noise(curves.training.log_loss)) &&
      mann_kendall(curves.training.log_loss) < -sure;
  const bool unmoved = update_ratio(history.epochs.back()) == 0;
  const bool dead = dead_group(history) && curves.training.size() > 1 &&
                    curves.fall(curves.training.log_loss[1], end) < little &&
                    curves.fall(untrained, end) < 0.3;
  if ((below_untrained || fallen > little || surely_falls) && !dead && !unmoved) return false;
  constexpr double large = 0.03, tiny = 1e-4;
  const double early = update_ratio(history.epochs.front());
  const double late = update_ratio(history.epochs.back());
  Finding finding{
      .condition = Condition::not_learning,
      .text = fmt::format("the training loss has changed by {} in {} epochs", percent(-fallen),
                          history.epochs.size()),
      .statistic = "fall of the training loss, from the lower of step 1 and epoch 1 to the end",
      .value = fallen,
      .threshold = little,
      .cure = reason_to_stand_still(history)};
  if (early > large) {
    finding.condition = Condition::rate_too_high;
    finding.text += fmt::format(", after steps that changed the weights by {} of their size each",
                                percent(early));
    finding.statistic = "|change of the weights| / |weights| in a mean step of epoch 1";
    finding.value = early;
    finding.threshold = large;
    finding.cure = too_high_cure;
  } else if (late > 0 && late < tiny && !dead_group(history)) {
    finding.condition = Condition::rate_too_low;
    finding.text +=
        fmt::format("; a step changes the weights by {:.2g} of their size (1e-3 is usual)", late);
    finding.statistic = "|change of the weights| / |weights| in a mean step of the last epoch";
    finding.value = late;
    finding.threshold = tiny;
    finding.cure = too_low_cure;
  } else if (unmoved) {
    finding.statistic = "|change of the weights| / |weights| in a mean step of the last epoch";
    finding.value = late;
    finding.threshold = 0;
  }
  findings.push_back(std::move(finding));
  return true;
}

}  // namespace wengert::detail
