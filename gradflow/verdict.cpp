// SPDX-License-Identifier: MIT
// What the instruments show, in words, each with the number it rests on.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "study.h"

namespace wengert::gradflow {

namespace {

using Kind = Finding::Kind;

/// ln of float32's smallest normal number.
constexpr double float32_range = -87.336544750553102;
/// Below this share of its beginning a dependence teaches a net next to nothing.
constexpr double teaches = 1e-2;

enum class Trend { falls, steady, grows };

double largest_finite(const std::vector<double>& values, double sign) {
  double result = 0.0;
  for (const double value : values)
    if (std::isfinite(value)) result = std::max(result, sign * value);
  return sign * result;
}

/// By the line over the whole sequence: less than a factor of ten either way is steady.
Trend trend_of(const Study& study) {
  const double whole = study.lags.log_factor * static_cast<double>(study.lags.median.size() - 1);
  if (whole < -std::log(10.0)) return Trend::falls;
  return whole > std::log(10.0) ? Trend::grows : Trend::steady;
}

bool vanishes_at_once(const Study& study) {
  return study.lags.median.size() > 1 && !std::isfinite(study.lags.median[1]);
}

void say_rate(const Study& study, std::vector<Finding>& list) {
  const LagProfile& lags = study.lags;
  if (lags.median.size() < 2) {
    list.push_back({Kind::rate, "there is one step, so nothing to say of time", 0.0});
    return;
  }
  if (vanishes_at_once(study)) {
    list.push_back(
        {Kind::rate, "no gradient at all reaches the step before: it is exactly zero", 0.0});
    return;
  }
  const double factor = std::exp(lags.log_factor);
  switch (trend_of(study)) {
    case Trend::falls:
      list.push_back(
          {Kind::rate,
           fmt::format("the gradient halves every {:.3g} steps (a factor of {:.3g} a step)",
                       *lags.half_life(), factor),
           *lags.half_life()});
      break;
    case Trend::grows:
      list.push_back({Kind::rate,
                      fmt::format("the gradient doubles every {:.3g} steps going back (a factor of "
                                  "{:.3g} a step): it explodes",
                                  *lags.doubling_time(), factor),
                      *lags.doubling_time()});
      break;
    case Trend::steady:
      list.push_back(
          {Kind::rate,
           fmt::format("the gradient stays between {:.2g} and {:.2g} times its size "
                       "at lag 0 (a straight line through it: a factor of {:.4g} a step)",
                       std::exp(largest_finite(lags.median, -1.0)),
                       std::exp(largest_finite(lags.median, 1.0)), factor),
           factor});
      break;
  }
}

void say_horizon(const Study& study, std::vector<Finding>& list) {
  const std::optional<std::size_t> horizon = study.lags.horizon(teaches);
  if (study.lags.median.size() < 2 || trend_of(study) == Trend::grows) return;
  if (horizon)
    list.push_back(
        {Kind::horizon,
         fmt::format(
             "effective horizon {} of {} steps: beyond it less than 1 % of the gradient is left",
             *horizon, study.steps),
         static_cast<double>(*horizon)});
  else
    list.push_back(
        {Kind::horizon,
         fmt::format("more than 1 % of the gradient is left after {} step{}",
                     study.lags.median.size() - 1, study.lags.median.size() == 2 ? "" : "s"),
         static_cast<double>(study.lags.median.size() - 1)});
  const auto below = std::ranges::find_if(study.lags.median, [](double median) {
    return std::isfinite(median) && median < float32_range;
  });
  if (below != study.lags.median.end()) {
    const auto lag = below - study.lags.median.begin();
    list.push_back(
        {Kind::underflow,
         fmt::format("from lag {} on it is below float32's normal range (1.2e-38), and soon zero "
                     "there",
                     lag),
         static_cast<double>(lag)});
  }
}

/// States from which nothing leads on, though later losses there are: the chain was cut.
void say_cut(const Study& study, std::vector<Finding>& list) {
  const CreditMatrix& credit = study.credit;
  for (std::size_t t = study.steps - 1; t-- > 0;) {
    bool later = false, reached = false;
    for (std::size_t s = 0; s < credit.losses; ++s) {
      if (credit.last_step[s] >= credit.steps || credit.last_step[s] <= t) continue;
      later = true;
      reached = reached || std::isfinite(credit.at(s, t));
    }
    if (!later || reached) continue;
    list.push_back({Kind::reason,
                    fmt::format("nothing leads from h[{}] to the losses of later steps: the chain "
                                "is cut there (truncation, .value(), or slopes that are all 0)",
                                t),
                    static_cast<double>(t)});
    return;
  }
}

/// Which of the three lines is nearest to what was measured, and whether the bound would have let
/// it grow.
void say_reason(const Study& study, std::vector<Finding>& list) {
  if (!study.reference || study.lags.median.size() < 3 || vanishes_at_once(study)) return;
  const Reference& line = *study.reference;
  const RecurrentMatrix& W = study.matrices.front();
  const double seen = study.lags.log_factor;
  const auto near = [&](double predicted) {
    return std::abs(predicted - seen) < 0.1 * std::max(0.5, std::abs(seen));
  };
  const double bound = std::exp(line.log_bound);
  if (near(line.log_bound)) {
    list.push_back(
        {Kind::reason,
         fmt::format(
             "that is the bound itself, largest phi' {:.3g} x sigma_max {:.3g} = {:.3g} a step",
             line.steepest, W.largest_singular, bound),
         bound});
    return;
  }
  // W keeps all sizes and phi' alone shrinks: of an orthogonal matrix no eigenvalue explains
  // anything.
  if (W.largest_singular < 1.02 * W.smallest_singular && near(line.log_mean_field)) {
    list.push_back({Kind::reason,
                    fmt::format("W is orthogonal up to a factor of {:.3g}; the slope of the "
                                "activation does the rest, {:.3g} in the root mean square",
                                W.largest_singular, line.slope),
                    line.slope});
    return;
  }
  std::string text = fmt::format(
      "the bound does not explain it (largest phi' {:.3g} x sigma_max {:.3g} = {:.3g} a step)",
      line.steepest, W.largest_singular, bound);
  const double field = std::exp(line.log_mean_field), spectral = std::exp(line.log_spectral);
  const bool by_field = near(line.log_mean_field), by_radius = near(line.log_spectral);
  const bool radius_nearer =
      std::abs(line.log_spectral - seen) < std::abs(line.log_mean_field - seen);
  if (by_radius && (radius_nearer || !by_field))
    text += fmt::format(", the spectral radius does ({:.3g} x rms slope {:.3g} = {:.3g})",
                        W.spectral_radius, line.slope, spectral);
  else if (by_field)
    text += fmt::format(", the mean field does (|W|/sqrt(n) {:.3g} x rms slope {:.3g} = {:.3g})",
                        W.gain, line.slope, field);
  else
    text += fmt::format(", nor does the mean field ({:.3g}) or the spectral radius ({:.3g})", field,
                        spectral);
  list.push_back({Kind::reason, std::move(text),
                  by_field || by_radius ? (radius_nearer ? spectral : field) : bound});
}

void say_dead(const Study& study, std::vector<Finding>& list) {
  for (const ActivationUse& use : study.saturation.uses)
    if (use.dead > 0)
      list.push_back({Kind::saturation,
                      fmt::format("{} of {} {} units are dead: no gradient passes them in any step",
                                  use.dead, use.units, use.op),
                      static_cast<double>(use.dead)});
}

/// The mean share of relus that are off, or of other activations that are flat; none without such.
std::optional<double> flat_share(const Study& study, bool relus) {
  double sum = 0.0, count = 0.0;
  for (const ActivationUse& use : study.saturation.uses) {
    if ((use.op == "relu") != relus) continue;
    for (const double share : use.saturated) sum += share * static_cast<double>(use.units);
    count += static_cast<double>(use.saturated.size() * use.units);
  }
  if (count == 0.0) return {};
  return sum / count;
}

void say_saturation(const Study& study, std::vector<Finding>& list) {
  if (const auto off = flat_share(study, true))
    list.push_back(
        {Kind::saturation, fmt::format("{:.0f} % of the relus are off", 100.0 * *off), *off});
  const std::optional<double> flat = flat_share(study, false);
  if (!flat) return say_dead(study, list);
  const double share = *flat;
  list.push_back(
      {Kind::saturation,
       fmt::format("{:.0f} % of the activations are saturated (|phi'| < 0.05)", 100.0 * share),
       share});
  say_dead(study, list);
}

void say_path(const Study& study, std::vector<Finding>& list) {
  if (!study.paths || study.paths->log_direct.size() < 2) return;
  const std::size_t last = study.paths->log_direct.size() - 1;
  const std::size_t lag =
      std::min(last, std::max<std::size_t>(1, study.lags.horizon(teaches).value_or(last)));
  const double direct = study.paths->log_direct[lag], whole = study.paths->log_whole[lag];
  if (!std::isfinite(direct) || !std::isfinite(whole)) return;
  const double factor = std::exp(direct / static_cast<double>(lag));
  list.push_back({Kind::path,
                  fmt::format("by ways that pass no weight matrix a state keeps a factor "
                              "of {:.3g} a step, {:.2g} of the whole dependence at lag {}",
                              factor, std::exp(std::min(direct - whole, 700.0)), lag),
                  factor});
}

bool has(const Study& study, std::string_view op) {
  return std::ranges::any_of(study.saturation.uses,
                             [&](const ActivationUse& use) { return use.op == op; });
}

void say_cures(const Study& study, std::vector<Finding>& list) {
  if (study.lags.median.size() < 2) return;
  const double T = static_cast<double>(study.steps);
  const auto cure = [&](std::string text, double number) {
    list.push_back({Kind::cure, std::move(text), number});
  };
  const Trend trend = trend_of(study);
  if (trend == Trend::grows) {
    const double largest = *std::ranges::max_element(study.flow.whole);
    cure(fmt::format("clip the gradient's norm (it reaches e^{:.1f})", largest), largest);
    if (study.reference)
      cure(fmt::format(
               "begin with an orthogonal W_hh (its largest singular value would be 1, not {:.3g})",
               study.matrices.front().largest_singular),
           study.matrices.front().largest_singular);
    return;
  }
  const bool short_horizon = study.lags.horizon(teaches).has_value() || vanishes_at_once(study);
  if (!short_horizon) return;
  const bool gated = study.paths && study.paths->log_direct.size() > 1 &&
                     std::isfinite(study.paths->log_direct[1]) && has(study, "sigmoid") &&
                     study.saturation.uses.size() > 1;
  if (gated) {
    // A gate sigma(b) held for T steps loses half if sigma(b)^T = 1/2.
    const double gate = std::exp2(-1.0 / T), bias = std::log(gate / (1.0 - gate));
    cure(fmt::format("raise the bias of the gate that keeps the state: {:.1f} would halve it in {} "
                     "steps; chrono initialisation spreads it up to there",
                     bias, study.steps),
         bias);
  } else {
    if (study.reference && std::abs(study.matrices.front().largest_singular - 1.0) +
                                   std::abs(study.matrices.front().smallest_singular - 1.0) >
                               0.02)
      cure(fmt::format("begin with an orthogonal W_hh (singular values are {:.2g} to {:.2g}, they "
                       "would all be 1)",
                       study.matrices.front().smallest_singular,
                       study.matrices.front().largest_singular),
           study.matrices.front().largest_singular);
    if (has(study, "sigmoid")) cure("replace sigmoid, whose slope is at most 1/4, by tanh", 0.25);
    cure(
        fmt::format("use an LSTM or GRU; a forget bias of {:.1f} would halve the state in {} steps",
                    std::log(std::exp2(-1.0 / T) / (1.0 - std::exp2(-1.0 / T))), study.steps),
        T);
  }
  if (study.reference && study.reference->slope < 0.95 && has(study, "tanh"))
    cure(fmt::format(
             "weaker inputs or smaller weights: the rms slope of tanh is {:.3g} where it works",
             study.reference->slope),
         study.reference->slope);
  if (const double flat = flat_share(study, false).value_or(0.0); flat > 0.3)
    cure(fmt::format("smaller weights or layer normalisation ({:.0f} % are saturated)",
                     100.0 * flat),
         flat);
}

}  // namespace

std::vector<Finding> Study::findings() const {
  std::vector<Finding> list;
  say_rate(*this, list);
  say_horizon(*this, list);
  say_cut(*this, list);
  say_reason(*this, list);
  say_saturation(*this, list);
  say_path(*this, list);
  say_cures(*this, list);
  return list;
}

std::string Study::verdict() const {
  std::string text;
  bool first_cure = true;
  for (const Finding& finding : findings()) {
    if (finding.kind == Kind::cure) {
      text += first_cure ? "; try: " : "; or ";
      first_cure = false;
    } else if (!text.empty()) {
      text += "; ";
    }
    text += finding.text;
  }
  return text;
}

}  // namespace wengert::gradflow
