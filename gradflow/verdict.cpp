// SPDX-License-Identifier: MIT
// What the instruments show, in words, each with the number it rests on.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

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

/// The last lag at which anything is left; nothing can be said of a rate beyond.
std::size_t reach_of(const Study& study) {
  const std::vector<double>& median = study.lags.median;
  std::size_t reach = median.size();
  while (reach > 1 && !std::isfinite(median[reach - 1])) --reach;
  return reach == 0 ? 0 : reach - 1;
}

/// By the line up to there: less than a factor of ten either way is steady.
Trend trend_of(const Study& study) {
  const double whole = study.lags.log_factor * static_cast<double>(reach_of(study));
  if (whole < -std::log(10.0)) return Trend::falls;
  return whole > std::log(10.0) ? Trend::grows : Trend::steady;
}

bool vanishes_at_once(const Study& study) {
  return study.lags.median.size() > 1 && reach_of(study) == 0;
}

/// ln of the largest factor by which the profile is off its straight line, up to its reach.
double off_the_line(const Study& study) {
  const std::vector<double>& median = study.lags.median;
  double sum = 0.0, count = 0.0;
  const auto rest = [&](std::size_t k) {
    return median[k] - study.lags.log_factor * static_cast<double>(k);
  };
  for (std::size_t k = 0; k <= reach_of(study); ++k)
    if (std::isfinite(median[k])) sum += rest(k), count += 1.0;
  double worst = 0.0;
  for (std::size_t k = 0; k <= reach_of(study); ++k)
    worst = std::max(worst, std::abs(rest(k) - sum / count));
  return worst;
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
  const std::size_t reach = reach_of(study);
  // Beyond its reach it is zero; the line is of the lags before.
  const std::string where =
      reach + 1 < lags.median.size() ? fmt::format("up to lag {} ", reach) : "";
  switch (trend_of(study)) {
    case Trend::falls:
      list.push_back(
          {Kind::rate,
           fmt::format("{}the gradient halves every {:.3g} steps (a factor of {:.3g} a step)",
                       where, *lags.half_life(), factor),
           *lags.half_life()});
      break;
    case Trend::grows:
      list.push_back(
          {Kind::rate,
           fmt::format("{}the gradient doubles every {:.3g} steps going back (a factor of "
                       "{:.3g} a step): it explodes",
                       where, *lags.doubling_time(), factor),
           *lags.doubling_time()});
      break;
    case Trend::steady: {
      const auto [low, high] = std::ranges::minmax_element(
          lags.median.begin(), lags.median.begin() + static_cast<std::ptrdiff_t>(reach) + 1);
      list.push_back(
          {Kind::rate,
           fmt::format("{}the gradient stays between {:.2g} and {:.2g} times its size "
                       "at lag 0 (a straight line through it: a factor of {:.4g} a step)",
                       where, std::exp(*low), std::exp(*high), factor),
           factor});
      break;
    }
  }
  const double off = off_the_line(study);
  if (!std::isfinite(off))
    list.push_back({Kind::rate, "at some lags before it is exactly zero", off});
  else if (off > std::log(10.0))
    list.push_back(
        {Kind::rate,
         off < 20.0
             ? fmt::format("not evenly: off a straight line by a factor of {:.2g}", std::exp(off))
             : fmt::format("not evenly: off a straight line by a factor of e^{:.3g}", off),
         off});
}

void say_horizon(const Study& study, std::vector<Finding>& list) {
  const std::vector<double>& median = study.lags.median;
  const std::optional<std::size_t> horizon = study.lags.horizon(teaches);
  if (median.size() < 2) return;
  const std::size_t reach = reach_of(study);
  if (reach + 1 < median.size())
    list.push_back(
        {Kind::horizon,
         fmt::format("from lag {} on it is exactly zero for half of the losses or more", reach + 1),
         static_cast<double>(reach + 1)});
  if (trend_of(study) == Trend::grows) return;
  if (horizon && *horizon <= reach)
    list.push_back({Kind::horizon,
                    fmt::format("effective horizon {} of {} steps: from that lag on less than 1 % "
                                "of the gradient is left",
                                *horizon, study.longest),
                    static_cast<double>(*horizon)});
  else if (!horizon && median.back() == *std::ranges::min_element(median))
    list.push_back({Kind::horizon,
                    fmt::format("more than 1 % of the gradient is left after {} step{}",
                                median.size() - 1, median.size() == 2 ? "" : "s"),
                    static_cast<double>(median.size() - 1)});
  else if (!horizon)
    list.push_back({Kind::horizon,
                    fmt::format("{:.2g} of the gradient is left at lag {}, the last",
                                std::exp(median.back()), median.size() - 1),
                    static_cast<double>(median.size() - 1)});
  std::size_t below = median.size();
  while (below > 0 && median[below - 1] < float32_range) --below;
  if (below <= reach)
    list.push_back(
        {Kind::underflow,
         fmt::format("from lag {} on it is below 1.2e-38 of its size at lag 0, float32's smallest "
                     "normal number",
                     below),
         static_cast<double>(below)});
}

/// What the lags do not mean.
void say_cautions(const Study& study, std::vector<Finding>& list) {
  if (study.still_sequences > 0)
    list.push_back(
        {Kind::caution,
         fmt::format("the state of {} of {} sequences stands still, for up to {} steps before the "
                     "end: if that is padding, it was counted as memory; give the mask "
                     "(StudyOptions::mask)",
                     study.still_sequences, study.batch, study.still_steps),
         static_cast<double>(study.still_steps)});
  if (study.states_a_loss > 1)
    list.push_back(
        {Kind::caution,
         fmt::format("a loss reads {} states itself: at lag k its gradient is not only what came "
                     "through k steps; a loss a step tells them apart",
                     study.states_a_loss),
         static_cast<double>(study.states_a_loss)});
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
    list.push_back({Kind::caution,
                    fmt::format("nothing leads from h[{}] to the losses of later steps: the chain "
                                "is cut there (truncation, .value(), or slopes that are all 0)",
                                t),
                    static_cast<double>(t)});
    return;
  }
}

/// Whether a line arrives, over all lags, where the measured one does: within a tenth of the whole
/// fall or rise, or a factor of two. A tolerance a step would allow anything over many.
bool explains(const Study& study, double predicted) {
  const auto lags = static_cast<double>(reach_of(study));
  const double seen = study.lags.log_factor * lags;
  return std::abs(predicted * lags - seen) <= std::max(std::log(2.0), 0.1 * std::abs(seen));
}

/// W keeps all sizes alike, so that no direction of its own explains anything.
bool is_orthogonal(const RecurrentMatrix& W) {
  return W.largest_singular < 1.02 * W.smallest_singular;
}

/// Which of the three lines is nearest to what was measured, and whether the bound would have let
/// it grow.
void say_reason(const Study& study, std::vector<Finding>& list) {
  if (!study.reference || study.lags.median.size() < 3 || vanishes_at_once(study)) return;
  const Reference& line = *study.reference;
  const RecurrentMatrix& W = study.matrices.front();
  const double seen = study.lags.log_factor;
  const auto off = [&](double predicted) { return std::abs(predicted - seen); };
  const double bound = std::exp(line.log_bound);
  // Where lines coincide the bound is named: it is the one that is proven.
  const double nearest = std::min(off(line.log_mean_field), off(line.log_spectral));
  const bool bound_nearest = off(line.log_bound) <= nearest + 0.02 * std::abs(seen);
  if (explains(study, line.log_bound) && bound_nearest) {
    list.push_back(
        {Kind::reason,
         fmt::format(
             "that is the bound itself, largest phi' {:.3g} x sigma_max {:.3g} = {:.3g} a step",
             line.steepest, W.largest_singular, bound),
         bound});
    return;
  }
  if (is_orthogonal(W) && explains(study, line.log_mean_field)) {
    list.push_back({Kind::reason,
                    fmt::format("W is orthogonal up to a factor of {:.3g}; the slope of the "
                                "activation does the rest, {:.3g} in the root mean square",
                                W.largest_singular, line.slope),
                    line.slope});
    return;
  }
  std::string text = fmt::format(
      "{} (largest phi' {:.3g} x sigma_max {:.3g} = {:.3g} a step)",
      explains(study, line.log_bound) ? "the bound is not far" : "the bound does not explain it",
      line.steepest, W.largest_singular, bound);
  const double field = std::exp(line.log_mean_field), spectral = std::exp(line.log_spectral);
  const bool by_field = explains(study, line.log_mean_field),
             by_radius = explains(study, line.log_spectral);
  const bool radius_nearer = off(line.log_spectral) < off(line.log_mean_field);
  const std::string then = explains(study, line.log_bound) ? "; nearer is {}" : ", {} does";
  double number = bound;
  if (by_radius && (radius_nearer || !by_field)) {
    text += fmt::format(fmt::runtime(then), "the spectral radius") +
            fmt::format(" ({:.3g} x rms slope {:.3g} = {:.3g})", W.spectral_radius, line.slope,
                        spectral);
    number = spectral;
  } else if (by_field) {
    text +=
        fmt::format(fmt::runtime(then), "the mean field") +
        fmt::format(" (|W|/sqrt(n) {:.3g} x rms slope {:.3g} = {:.3g})", W.gain, line.slope, field);
    number = field;
  } else if (!explains(study, line.log_bound)) {
    text += fmt::format(", nor does the mean field ({:.3g}) or the spectral radius ({:.3g})", field,
                        spectral);
  }
  list.push_back({Kind::reason, std::move(text), number});
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

/// The norm of the gradient by all parameters together.
double gradient_norm(const Study& study) {
  double squares = 0.0;
  for (const LedgerRow& row : study.ledger.rows) squares += row.gradient_norm * row.gradient_norm;
  return std::sqrt(squares);
}

/// A cure is named if what it can reach is more than what is there, by ten over all lags and by a
/// tenth of the rate.
bool gains(const Study& study, double log_factor) {
  const double more = log_factor - study.lags.log_factor;
  return more * static_cast<double>(study.longest - 1) > std::log(10.0) &&
         more > 0.1 * std::abs(study.lags.log_factor);
}

void say_cures_of_growth(const Study& study, std::vector<Finding>& list) {
  if (const double norm = gradient_norm(study); norm > 1.0)
    list.push_back({Kind::cure,
                    fmt::format("clip the gradient's norm (by all parameters it is {:.3g})", norm),
                    norm});
  if (!study.reference || !study.matrices.front().trained) return;
  // |J| of an orthogonal matrix is at most the steepest slope.
  const RecurrentMatrix& W = study.matrices.front();
  const double reached = std::log(study.reference->steepest);
  if (W.largest_singular > 1.02 && study.lags.log_factor > reached)
    list.push_back({Kind::cure,
                    fmt::format("begin with an orthogonal W_hh (its largest singular value would "
                                "be 1, not {:.3g})",
                                W.largest_singular),
                    W.largest_singular});
}

/// Of a net that is one matrix and one activation: which of the two takes what.
void say_cures_of_plain(const Study& study, std::vector<Finding>& list) {
  const Reference& line = *study.reference;
  const RecurrentMatrix& W = study.matrices.front();
  const std::string op = study.saturation.uses.empty() ? "" : study.saturation.uses.front().op;
  // Of a matrix that the user computes, e.g. a physical law, nothing can be chosen.
  if (W.trained && !is_orthogonal(W) && gains(study, std::log(line.slope)))
    list.push_back({Kind::cure,
                    fmt::format("begin with an orthogonal W_hh (with it a step would keep the rms "
                                "slope, {:.3g}, not {:.3g})",
                                line.slope, std::exp(study.lags.log_factor)),
                    line.slope});
  if (W.trained && is_orthogonal(W) && W.largest_singular < 0.98)
    list.push_back(
        {Kind::cure,
         fmt::format("scale W_hh up: its singular values are all {:.3g}", W.largest_singular),
         W.largest_singular});
  if (op == "sigmoid" && gains(study, std::min(0.0, std::log(W.gain))))
    list.push_back({Kind::cure,
                    fmt::format("replace sigmoid by tanh, whose slope goes up to 1 (here it is at "
                                "most {:.3g})",
                                line.steepest),
                    line.steepest});
  if (op != "tanh" || !gains(study, study.lags.log_factor - std::log(line.slope))) return;
  list.push_back(
      {Kind::cure,
       W.gain > 1.05
           ? fmt::format("smaller weights (|W|/sqrt(n) is {:.3g}) and weaker inputs: the rms slope "
                         "of tanh is {:.3g}, near zero it is 1",
                         W.gain, line.slope)
           : fmt::format("weaker inputs: the rms slope of tanh is {:.3g}, near zero it is 1",
                         line.slope),
       line.slope});
}

void say_cures(const Study& study, std::vector<Finding>& list) {
  if (study.lags.median.size() < 2) return;
  if (trend_of(study) == Trend::grows) return say_cures_of_growth(study, list);
  const bool short_horizon = study.lags.horizon(teaches).has_value() || vanishes_at_once(study);
  // Where the chain is cut or padding was counted, no weights are at fault.
  const bool cut = std::ranges::any_of(list, [](const Finding& finding) {
    return finding.kind == Kind::caution && finding.text.starts_with("nothing leads");
  });
  if (!short_horizon || cut) return;
  // A gate sigma(b) held for T steps loses half if sigma(b)^T = 1/2.
  const auto T = static_cast<double>(study.longest);
  const double gate = std::exp2(-1.0 / T), bias = std::log(gate / (1.0 - gate));
  const bool direct = study.paths && study.paths->log_direct.size() > 1 &&
                      std::isfinite(study.paths->log_direct[1]);
  const bool gates = std::ranges::any_of(study.saturation.uses, [&](const ActivationUse& use) {
    return use.op == "sigmoid" && study.saturation.uses.size() > 1;
  });
  if (direct && gates) {
    const std::size_t last = study.paths->log_direct.size() - 1;
    const double kept = study.paths->log_direct[last] / static_cast<double>(last);
    if (kept < std::log(gate))
      list.push_back(
          {Kind::cure,
           fmt::format("raise the bias of the gate that keeps the state: {:.1f} would halve it in "
                       "{} steps, where now it keeps {:.3g} a step; chrono initialisation spreads "
                       "it up to there",
                       bias, study.longest, std::exp(kept)),
           bias});
    return;
  }
  if (study.reference) say_cures_of_plain(study, list);
  // Whether a net of other build is a recurrent cell that could be another, its graph does not say.
  const bool cell = study.reference && study.matrices.front().trained;
  if (cell && gains(study, std::log(gate)))
    list.push_back(
        {Kind::cure,
         fmt::format("use an LSTM or GRU; a forget bias of {:.1f} would halve the state in {} "
                     "steps",
                     bias, study.longest),
         T});
}

}  // namespace

std::vector<Finding> Study::findings() const {
  std::vector<Finding> list;
  say_rate(*this, list);
  say_horizon(*this, list);
  say_cautions(*this, list);
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
