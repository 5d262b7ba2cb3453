// SPDX-License-Identifier: MIT
#include "faults.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "trend.h"

namespace wengert::detail {
namespace {

struct Place {
  std::int64_t epoch = 0, step = 0;
  std::string what;
};

std::optional<Place> first_nonfinite(const History& history) {
  for (const StepRecord& step : history.steps) {
    if (!std::isfinite(step.loss)) return Place{step.epoch, step.step, "the loss"};
    if (std::isinf(step.gradient_norm) && !left_out(step))
      return Place{step.epoch, step.step, "the gradient"};
    for (const GroupStatistics& group : step.groups)
      if (group.nonfinite > 0)
        return Place{step.epoch, step.step, fmt::format("the gradient of {}", group.name)};
  }
  for (const EpochRecord& epoch : history.epochs) {
    if (!std::isfinite(epoch.loss)) return Place{epoch.epoch, 0, "the loss"};
    if (epoch.validation_loss && !std::isfinite(epoch.validation_loss->value))
      return Place{epoch.epoch, 0, "the validation loss"};
    if (epoch.settled_loss && !std::isfinite(epoch.settled_loss->value))
      return Place{epoch.epoch, 0, "the training loss in inference mode"};
    for (const GroupStatistics& group : epoch.groups)
      if (group.nonfinite > 0)
        return Place{epoch.epoch, 0, fmt::format("the gradient of {}", group.name)};
  }
  return {};
}

/// The losses before that place, one a step where steps were recorded.
std::vector<double> losses_before(const History& history, const Place& place) {
  std::vector<double> losses;
  for (const StepRecord& step : history.steps)
    if (place.step == 0 || step.step < place.step) losses.push_back(step.loss);
  if (losses.empty())
    for (const EpochRecord& epoch : history.epochs)
      if (epoch.epoch < place.epoch) losses.push_back(epoch.loss);
  return losses;
}

}  // namespace

void find_nonfinite(const History& history, Findings& findings) {
  const std::optional<Place> place = first_nonfinite(history);
  if (!place) return;
  const std::string where = place->step > 0
                                ? fmt::format("in step {} (epoch {})", place->step, place->epoch)
                                : fmt::format("in epoch {}", place->epoch);
  const std::vector<double> before = losses_before(history, *place);
  const double growth =
      before.empty() ? 1 : *std::max_element(before.begin(), before.end()) / before.front();
  constexpr double exploded = 10;
  const bool explosion = !before.empty() && before.front() > 0 && growth > exploded;
  constexpr const char* suspects =
      "look for log(0), a division by 0, or NaN in the data; from-logits losses avoid the first";
  findings.push_back(
      {.condition = Condition::not_finite,
       .epoch = place->epoch,
       .text = fmt::format("{} is not finite {}", place->what, where),
       .statistic = "the first step or epoch with a NaN or an infinity",
       .value = static_cast<double>(place->step > 0 ? place->step : place->epoch),
       .threshold = 0,
       .cure = explosion ? "see the learning rate, below"
               : before.empty()
                   ? fmt::format("nothing was trained before it, so {}", suspects)
                   : fmt::format("the losses before it were ordinary, so {}", suspects)});
  if (explosion)
    findings.push_back(
        {.condition = Condition::rate_too_high,
         .epoch = place->epoch,
         .text = fmt::format("the loss grew {:.3g} times before it overflowed", growth),
         .statistic = "largest loss before the first that is not finite / first loss",
         .value = growth,
         .threshold = exploded,
         .cure = "divide the learning rate by 10, or clip the gradient's norm"});
}

bool left_out(const StepRecord& step) {
  return std::isinf(step.gradient_norm) && step.clip_factor == 0;
}

void find_left_out(const History& history, Findings& findings) {
  const auto first = std::ranges::find_if(history.steps, left_out);
  if (first == history.steps.end()) return;
  const auto count = std::ranges::count_if(history.steps, left_out);
  findings.push_back(
      {.condition = Condition::not_finite,
       .epoch = first->epoch,
       .text = fmt::format("the gradient was not finite in {} of {} steps, for the first time in "
                           "step {} (epoch {}); clipping left them out",
                           count, history.steps.size(), first->step, first->epoch),
       .statistic = "number of steps left out for their gradient",
       .value = static_cast<double>(count),
       .threshold = 0,
       .cure = "look for the square root or the logarithm of 0, whose derivatives are infinite, or "
               "lower the learning rate"});
}

void find_not_finished(const Curves& curves, Findings& findings) {
  const bool validated = curves.validation.size() >= 8;
  const Curve& curve = validated ? curves.validation : curves.training;
  std::vector<double> log_x;
  for (const double x : curve.x) log_x.push_back(std::log(x));
  const Line line = fitted_line(last_third(log_x), last_third(curve.log_loss));
  const double gain = 1 - std::exp2(line.slope);
  constexpr double worthwhile = 0.25, sure = 2.5;
  if (gain < worthwhile || line.slope > -sure * line.error) return;
  findings.push_back(
      {.condition = Condition::not_finished,
       .text = fmt::format("the {} loss is still falling; at this pace twice as many epochs would "
                           "lower it by {}",
                           validated ? "validation" : "training", percent(gain)),
       .statistic = fmt::format("1 - 2^s, s = {:.3g} +- {:.1g} the slope of log(loss) against "
                                "log(epoch) in the last third",
                                line.slope, line.error),
       .value = gain,
       .threshold = worthwhile,
       .cure = "train longer, or with a larger learning rate"});
}

void find_jumps(const Curve& curve, std::string_view name, Findings& findings) {
  const std::vector<double>& y = curve.log_loss;
  if (y.size() < 6) return;
  constexpr double much = 0.4055;  // log(1.5)
  const double least = std::max(much, 6 * noise(y));
  std::vector<std::size_t> jumps;
  for (std::size_t i = 1; i < y.size(); ++i)
    if (y[i] - y[i - 1] > least) jumps.push_back(i);
  if (jumps.empty() || jumps.size() > std::max<std::size_t>(2, y.size() / 10)) return;
  const auto largest = *std::max_element(jumps.begin(), jumps.end(), [&](auto a, auto b) {
    return y[a] - y[a - 1] < y[b] - y[b - 1];
  });
  const double factor = std::exp(y[largest] - y[largest - 1]);
  findings.push_back(
      {.condition = Condition::jump,
       .epoch = static_cast<std::int64_t>(largest + 1),
       .text = fmt::format("the {} loss jumped to {:.3g} times its value in epoch {}{}", name,
                           factor, largest + 1,
                           jumps.size() > 1 ? fmt::format(", and {} more", jumps.size() - 1) : ""),
       .statistic = fmt::format("largest rise of log({} loss) from one epoch to the next", name),
       .value = std::log(factor),
       .threshold = least,
       .cure = "look at the batches of that epoch for outliers; clip the gradient's norm; if the "
               "training was resumed or the rate changed there, that is why"});
}

std::string percent(double share) { return fmt::format("{:.3g} %", 100 * share); }

std::span<const double> last_third(const std::vector<double>& y) {
  return std::span<const double>(y).last(
      std::min(y.size(), std::max<std::size_t>(5, y.size() / 3)));
}
std::span<const double> first_third(const std::vector<double>& y) {
  return std::span<const double>(y).first(
      std::min(y.size(), std::max<std::size_t>(5, y.size() / 3)));
}
double end_of(const std::vector<double>& y) {
  const std::span<const double> end =
      std::span<const double>(y).last(std::min<std::size_t>(3, y.size()));
  return median({end.begin(), end.end()});
}

}  // namespace wengert::detail
