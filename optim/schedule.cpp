// SPDX-License-Identifier: MIT
#include "schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert {

namespace {

void require(bool holds, const char* who, const char* rule, double value) {
  if (!holds) throw ValueError(fmt::format("{}: {}, got {}", who, rule, value));
}

double all_steps(const ScheduleTime& now) {
  return static_cast<double>(now.steps_per_epoch) * static_cast<double>(now.epochs);
}

/// From 1 at 0 to 0 at 1, and 0 from there on.
double half_cosine(double progress) {
  return 0.5 * (1.0 + std::cos(std::numbers::pi * std::clamp(progress, 0.0, 1.0)));
}

}  // namespace

double StepDecay::operator()(double base, const ScheduleTime& now) const {
  return base * std::pow(factor, static_cast<double>(now.epoch / every));
}

void StepDecay::check() const {
  require(every > 0, "step decay", "every has to be 1 or more", static_cast<double>(every));
  require(factor >= 0 && std::isfinite(factor), "step decay", "the factor has to be 0 or more",
          factor);
}

double ExponentialDecay::operator()(double base, const ScheduleTime& now) const {
  return base * std::pow(factor, static_cast<double>(now.epoch));
}

void ExponentialDecay::check() const {
  require(factor >= 0 && std::isfinite(factor), "exponential decay",
          "the factor has to be 0 or more", factor);
}

double CosineDecay::operator()(double base, const ScheduleTime& now) const {
  const auto step = static_cast<double>(now.step);
  const double rising = std::floor(warm_up * static_cast<double>(now.steps_per_epoch));
  if (step < rising) return base * (step + 1.0) / rising;
  const double falling = std::max(all_steps(now) - rising, 1.0);
  return base * (final + (1.0 - final) * half_cosine((step - rising) / falling));
}

void CosineDecay::check() const {
  require(warm_up >= 0 && std::isfinite(warm_up), "cosine decay", "warm_up has to be 0 or more",
          warm_up);
  require(final >= 0 && final <= 1, "cosine decay", "final lies in [0, 1]", final);
}

double OneCycle::operator()(double base, const ScheduleTime& now) const {
  const auto step = static_cast<double>(now.step);
  const double top = rise * all_steps(now) - 1.0, end = all_steps(now) - 1.0;
  const double low = base / start, last = low / finish;
  if (step <= top) return top > 0 ? base + (low - base) * half_cosine(step / top) : base;
  return last + (base - last) * half_cosine((step - top) / (end - top));
}

void OneCycle::check() const {
  require(rise > 0 && rise < 1, "one cycle", "rise lies in (0, 1)", rise);
  require(start >= 1 && std::isfinite(start), "one cycle", "start has to be 1 or more", start);
  require(finish >= 1 && std::isfinite(finish), "one cycle", "finish has to be 1 or more", finish);
}

double Plateau::operator()(double base, const ScheduleTime& /*now*/) const { return base * scale; }

void Plateau::check() const {
  require(factor >= 0 && factor < 1, "plateau", "the factor lies in [0, 1)", factor);
  require(patience >= 0, "plateau", "patience has to be 0 or more", static_cast<double>(patience));
  require(threshold >= 0 && threshold < 1, "plateau", "the threshold lies in [0, 1)", threshold);
  require(cooldown >= 0, "plateau", "cooldown has to be 0 or more", static_cast<double>(cooldown));
  require(least >= 0 && least <= 1, "plateau", "least lies in [0, 1]", least);
}

void Plateau::observe(double validation_loss) {
  const bool first = std::isinf(best) && validation_loss < best;
  if (first || validation_loss < best - threshold * std::abs(best)) {
    best = validation_loss;
    bad = 0;
  } else {
    ++bad;
  }
  if (resting > 0) {
    --resting;
    bad = 0;
  }
  if (bad > patience) {
    scale = std::max(scale * factor, least);
    resting = cooldown;
    bad = 0;
  }
}

ScheduleState Plateau::state() const {
  return {{"scale", scale},
          {"best", best},
          {"bad", static_cast<double>(bad)},
          {"resting", static_cast<double>(resting)}};
}

void Plateau::restore(const ScheduleState& state) {
  const std::array<const char*, 4> names{"scale", "best", "bad", "resting"};
  for (const char* name : names)
    if (!state.contains(name))
      throw ValueError(
          fmt::format("plateau: the state lacks '{}'; was it another schedule's?", name));
  if (state.size() != names.size())
    throw ValueError(
        fmt::format("plateau: the state holds {} numbers, not {}; was it another "
                    "schedule's?",
                    state.size(), names.size()));
  scale = state.at("scale");
  best = state.at("best");
  bad = static_cast<std::int64_t>(state.at("bad"));
  resting = static_cast<std::int64_t>(state.at("resting"));
}

Schedule::Schedule() : Schedule([](double base, const ScheduleTime&) { return base; }) {}

void Schedule::no_function() {
  throw ValueError("schedule: the std::function it is made from holds no function");
}

double Schedule::rate(double base, const ScheduleTime& now) const {
  const double rate = actions_->rate(rule_, base, now);
  if (!(rate >= 0 && std::isfinite(rate)))
    throw ValueError(
        fmt::format("schedule: a rate has to be 0 or more, got {} at step {} (epoch "
                    "{}) from the base rate {}",
                    rate, now.step, now.epoch, base));
  return rate;
}

void Schedule::require_empty(const ScheduleState& state) {
  if (!state.empty())
    throw ValueError(
        fmt::format("schedule: a state was restored that holds '{}', but this "
                    "schedule keeps none; was it another schedule's?",
                    state.begin()->first));
}

}  // namespace wengert
