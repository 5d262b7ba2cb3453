// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "faults.h"
#include "trend.h"

namespace wengert::detail {
namespace {

/// The milder form: the validation loss stands still while the training loss goes on falling.
void find_parting(const Curves& curves, Findings& findings) {
  const std::vector<double> v = running_median(curves.validation.log_loss);
  const double least = *std::min_element(v.begin(), v.end());
  constexpr double near = 0.05, much = 0.5, apart = 2;
  std::size_t since = 0;
  while (v[since] > least + near) ++since;
  const double training =
      curves.fall(curves.by_epoch.log_loss[since], end_of(curves.by_epoch.log_loss));
  const double ratio = std::exp(end_of(curves.validation.log_loss) - end_of(curves.settled));
  if (v.size() - since < 5 || training < much || ratio < apart) return;
  findings.push_back(
      {.condition = Condition::overfitting,
       .epoch = static_cast<std::int64_t>(since + 1),
       .text = fmt::format("since epoch {} the validation loss has stayed within {} of its best "
                           "while the training loss fell by another {}, to 1/{:.2g} of it",
                           since + 1, percent(near), percent(training), ratio),
       .statistic = "fall of the training loss since the validation loss came within 5 % of its "
                    "minimum; also validation / training loss above 2",
       .value = training,
       .threshold = much,
       .cure = fmt::format("what was learned after epoch {} is the training set by heart: stop "
                           "there, use more data or augmentation, dropout or weight decay",
                           since + 1)});
}

/// Standard error of the difference of the two logarithms, from that of the validation loss: the
/// training samples are taken to scatter alike.
double gap_error(const History& history, const Curves& curves, std::size_t epoch) {
  if (curves.relative_error.empty()) return 0;
  const double own = curves.relative_error[epoch];
  if (history.samples == 0) return own;
  return own * std::sqrt(1 + static_cast<double>(history.validation_samples) /
                                 static_cast<double>(history.samples));
}

/// What makes the training loss of an epoch another than the loss of the same weights in inference.
std::string handicap(const History& history) {
  if (history.has_dropout && history.has_augmentation) return "dropout and augmentation";
  if (history.has_dropout) return "dropout";
  return history.has_augmentation ? "augmentation" : "";
}

bool find_gap(const History& history, const Curves& curves, Findings& findings) {
  constexpr double wide = 0.15, sure = 4;
  const std::vector<double>& v = curves.validation.log_loss;
  const std::vector<double>& t = curves.settled;
  if (t.size() < 3) return false;
  std::vector<double> early, late;
  const std::size_t first = std::max<std::size_t>(3, t.size() / 10);
  bool surely_above = true, surely_below = true;
  for (std::size_t i = 0; i < t.size(); ++i) {
    const double gap = v[i] - t[i];
    const double least = std::max(wide, sure * gap_error(history, curves, i));
    (i < first ? early : late).push_back(gap);
    if (i < first) surely_above = surely_above && gap > least;
    // An easy set shows later, when the losses have parted from that of guessing.
    if (i >= t.size() / 2) surely_below = surely_below && gap < -least;
  }
  if (!handicap(history).empty() && !curves.settled_measured) surely_below = false;
  if (surely_above) {
    findings.push_back(
        {.condition = Condition::unrepresentative_validation,
         .epoch = 1,
         .text = fmt::format("the validation loss is {} above the training loss from the first "
                             "epochs on, before anything can have been learned by heart",
                             percent(std::exp(median(early)) - 1)),
         .statistic = fmt::format("median of log(validation / training loss at the epoch's end) in "
                                  "the first {} epochs, each also above {} standard errors",
                                  first, sure),
         .value = median(early),
         .threshold = wide,
         .cure = "split at random after shuffling, stratify by class, scale both sets with the "
                 "training set's numbers; was anything preprocessed differently?"});
    return true;
  }
  if (!surely_below) return false;
  findings.push_back(
      {.condition = Condition::unrepresentative_validation,
       .text = fmt::format("the validation set is easier than the training set: its loss is {} "
                           "lower, which neither dropout nor augmentation nor averaging explains",
                           percent(1 - std::exp(median(late)))),
       .statistic = "median of log(validation / training loss at the epoch's end) after the first "
                    "tenth, in each epoch of the second half also beyond 4 standard errors",
       .value = median(late),
       .threshold = -wide,
       .cure = "split at random after shuffling; are there copies of training samples in it?"});
  return true;
}

bool find_few(const History& history, const Curves& curves, Findings& findings) {
  if (curves.relative_error.empty()) return false;
  constexpr double much = 1.0 / 3;
  const std::span<const double> end = last_third(curves.relative_error);
  const double error = median({end.begin(), end.end()});
  if (error < much) return false;
  findings.push_back(
      {.condition = Condition::unrepresentative_validation,
       .text = fmt::format("the validation set{} is too small: its loss is known to +- {} only",
                           history.validation_samples > 0
                               ? fmt::format(" of {} samples", history.validation_samples)
                               : "",
                           percent(error)),
       .statistic = "median standard error of the validation loss / the loss, in the last third",
       .value = error,
       .threshold = much,
       .cure = fmt::format("{:.0f} times as many validation samples would give 10 %; or k-fold "
                           "cross-validation",
                           std::ceil(std::pow(error / 0.1, 2)))});
  return true;
}

}  // namespace

void find_overfitting(const Curves& curves, Findings& findings) {
  const std::vector<double>& v = curves.validation.log_loss;
  if (v.size() < 6) return;
  const std::vector<double> smooth = running_median(v);
  const auto best =
      static_cast<std::size_t>(std::min_element(smooth.begin(), smooth.end()) - smooth.begin());
  const std::span<const double> after = std::span<const double>(v).subspan(best);
  const double rise = std::exp(end_of(v) - smooth[best]) - 1;
  const double sureness = mann_kendall(after);
  const double training =
      curves.fall(curves.by_epoch.log_loss[best], end_of(curves.by_epoch.log_loss));
  constexpr double much = 0.05, sure = 2.5;
  if (after.size() < 5 || rise < std::max(much, 2 * noise(v)) || sureness < sure ||
      training < much) {
    find_parting(curves, findings);
    return;
  }
  std::string errors;
  if (!curves.relative_error.empty())
    errors = fmt::format("; that is {:.2g} standard errors of a validation loss by itself",
                         rise / std::max(curves.relative_error[best], 1e-300));
  findings.push_back(
      {.condition = Condition::overfitting,
       .epoch = static_cast<std::int64_t>(best + 1),
       .text = fmt::format("since epoch {} the validation loss has risen by {} while the training "
                           "loss fell by {}{}",
                           best + 1, percent(rise), percent(training), errors),
       .statistic = fmt::format("rise of the validation loss since its smoothed minimum (its trend "
                                "is {:.2g} standard deviations up, Mann-Kendall)",
                                sureness),
       .value = rise,
       .threshold = much,
       .cure = fmt::format("stop at epoch {} (early stopping restores it), use more data or "
                           "augmentation, dropout or weight decay, or a smaller model",
                           best + 1)});
}

bool find_unrepresentative(const History& history, const Curves& curves, Findings& findings) {
  return find_gap(history, curves, findings) || find_few(history, curves, findings);
}

void find_noisy_validation(const Curves& curves, Findings& findings) {
  const double validation = noise(curves.validation.log_loss);
  const double training = noise(curves.by_epoch.log_loss);
  constexpr double much = 0.15, times = 3;
  if (validation < much || validation < times * training) return;
  findings.push_back(
      {.condition = Condition::unrepresentative_validation,
       .text = fmt::format("the validation loss scatters by {} from epoch to epoch, the training "
                           "loss by {}",
                           percent(validation), percent(training)),
       .statistic = "noise of log(validation loss) about its trend, from second differences; also "
                    "above 3 times the training loss's",
       .value = validation,
       .threshold = much,
       .cure = "more validation samples, or k-fold cross-validation; a smaller learning rate at "
               "the end"});
}

void find_below_training(const History& history, const Curves& curves, Findings& findings) {
  const std::vector<double>& v = curves.validation.log_loss;
  const std::vector<double>& t = curves.by_epoch.log_loss;
  std::size_t below = 0;
  std::vector<double> gaps;
  for (std::size_t i = 0; i < v.size(); ++i) {
    below += v[i] < t[i] ? 1 : 0;
    gaps.push_back(v[i] - t[i]);
  }
  const double share = static_cast<double>(below) / static_cast<double>(v.size());
  constexpr double most = 0.8;
  if (share < most) return;
  std::vector<double> settled;
  for (std::size_t i = v.size() / 2; i < curves.settled.size(); ++i)
    settled.push_back(v[i] - curves.settled[i]);
  const double gap = median(settled);
  const double error = gap_error(history, curves, v.size() - 1);
  constexpr double none = -0.02;
  std::string reason;
  if (const std::string on = handicap(history); !on.empty())
    reason =
        curves.settled_measured
            ? fmt::format("the training loss is measured with {0} on; with {0} off it is {1} lower",
                          on, percent(curves.fall(end_of(t), end_of(curves.settled))))
            : fmt::format("the training loss is measured with {} on", on);
  else if (gap > none)
    reason = "the training loss is the mean over an epoch in which the model was still learning";
  else if (error > 0)
    reason = fmt::format(
        "beyond what averaging over the epoch explains, a difference of {:.2g} "
        "standard errors between the two sets remains",
        -gap / error);
  else
    reason = "more than averaging over the epoch explains, so the validation set is a bit easier";
  findings.push_back({.condition = Condition::validation_below_training,
                      .text = fmt::format(
                          "the validation loss is {} below the training loss: {}; that is no fault",
                          percent(1 - std::exp(median(gaps))), reason),
                      .statistic = "share of epochs with a validation loss below the training loss",
                      .value = share,
                      .threshold = most});
}

}  // namespace wengert::detail
