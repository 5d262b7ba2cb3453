// SPDX-License-Identifier: MIT
#include "diagnosis.h"

#include <algorithm>

#include <fmt/format.h>

#include "curves.h"
#include "faults.h"

namespace wengert {

using detail::Findings;

namespace {

Finding too_short(const char* text, const char* statistic, std::size_t value, std::size_t least) {
  return {.condition = Condition::too_short,
          .text = text,
          .statistic = statistic,
          .value = static_cast<double>(value),
          .threshold = static_cast<double>(least)};
}

void find_with_validation(const History& history, const detail::Curves& curves,
                          Findings& findings) {
  detail::find_overfitting(curves, findings);
  const bool odd = detail::find_unrepresentative(history, curves, findings);
  const std::size_t before = findings.size();
  detail::find_jumps(curves.validation, "validation", findings);
  if (odd) return;
  if (findings.size() == before) detail::find_noisy_validation(curves, findings);
  detail::find_below_training(history, curves, findings);
}

Finding nothing_wrong(const detail::Curves& curves) {
  const double start = curves.untrained.value_or(curves.training.log_loss.front());
  const double fallen = curves.fall(start, detail::end_of(curves.training.log_loss));
  return {
      .condition = Condition::good,
      .text = fmt::format("the training loss fell by {} and has settled{}", detail::percent(fallen),
                          curves.validation.size() > 0 ? ", and so has the validation loss" : ""),
      .statistic = "fall of the training loss; none of the faults was found",
      .value = fallen,
      .threshold = 0.03};
}

}  // namespace

Diagnosis diagnose(const History& history) {
  Diagnosis diagnosis;
  Findings& findings = diagnosis.findings;
  detail::find_nonfinite(history, findings);
  if (!findings.empty()) return diagnosis;
  detail::find_left_out(history, findings);
  if (history.epochs.empty()) {
    findings.push_back(too_short("no epoch was completed", "number of epochs", 0, 1));
    return diagnosis;
  }

  const detail::Curves curves = detail::curves_of(history);
  constexpr std::size_t enough = 6;
  if (curves.training.size() < enough) {
    findings.push_back(too_short("there are too few epochs and steps to judge a trend",
                                 "number of points on the training curve", curves.training.size(),
                                 enough));
    return diagnosis;
  }
  if (detail::find_rate_too_high(history, curves, findings)) return diagnosis;
  const bool slow = detail::find_rate_too_low(history, curves, findings);
  if (!slow && detail::find_not_learning(history, curves, findings)) return diagnosis;
  if (!slow) detail::find_not_finished(curves, findings);
  if (curves.validation.size() > 0) find_with_validation(history, curves, findings);
  if (!diagnosis.find(Condition::jump)) detail::find_jumps(curves.by_epoch, "training", findings);

  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.condition < b.condition; });
  if (findings.empty() || !findings.front().is_fault())
    findings.insert(findings.begin(), nothing_wrong(curves));
  return diagnosis;
}

bool Diagnosis::good() const { return find(Condition::good) != nullptr; }

const Finding* Diagnosis::find(Condition condition) const {
  for (const Finding& finding : findings)
    if (finding.condition == condition) return &finding;
  return nullptr;
}

std::string_view to_string(Condition condition) {
  switch (condition) {
    case Condition::not_finite: return "not finite";
    case Condition::not_learning: return "not learning";
    case Condition::rate_too_high: return "learning rate too high";
    case Condition::rate_too_low: return "learning rate too low";
    case Condition::not_finished: return "not finished";
    case Condition::overfitting: return "overfitting";
    case Condition::unrepresentative_validation: return "unrepresentative validation set";
    case Condition::jump: return "jump";
    case Condition::validation_below_training: return "validation below training";
    case Condition::too_short: return "too short to judge";
    case Condition::good: break;
  }
  return "good";
}

std::string to_string(const Diagnosis& diagnosis) {
  std::string text;
  for (const Finding& finding : diagnosis.findings) {
    text += fmt::format("{}: {}.\n    by: {}: {:.3g} (threshold {:.3g})\n",
                        to_string(finding.condition), finding.text, finding.statistic,
                        finding.value, finding.threshold);
    if (!finding.cure.empty()) text += fmt::format("    try: {}\n", finding.cure);
  }
  return text;
}

}  // namespace wengert
