// SPDX-License-Identifier: MIT
// How the rate changes during training. A schedule knows no optimizer: whoever trains asks it for
// the rate of each step, and shows it the validation loss of each epoch.
#pragma once

#include <any>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

namespace wengert {

/// When a step is taken. `step` and `epoch` count from 0; `step` goes on through all epochs.
struct ScheduleTime {
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  std::int64_t steps_per_epoch = 1;
  std::int64_t epochs = 1;  ///< planned in all
};

/// What a schedule remembers, by name; empty for one that is a function of time alone.
using ScheduleState = std::map<std::string, double>;

/// base factor^(epoch / every), the division rounded down.
struct StepDecay {
  std::int64_t every = 10;  ///< epochs
  double factor = 0.1;
  double operator()(double base, const ScheduleTime& now) const;
  void check() const;
};

/// base factor^epoch.
struct ExponentialDecay {
  double factor = 0.95;
  double operator()(double base, const ScheduleTime& now) const;
  void check() const;
};

/// Linear warm-up, then half a cosine (Loshchilov and Hutter 2017, without restarts). With W the
/// steps of the warm-up, T of the whole training, s the step from 0:
///     s < W:  base (s + 1) / W
///     else:   base (final + (1 - final) (1 + cos(pi (s - W) / (T - W))) / 2)
struct CosineDecay {
  double warm_up = 0.0;  ///< epochs, which need not be whole
  double final = 0.0;    ///< share of the base rate that is approached at the end
  double operator()(double base, const ScheduleTime& now) const;
  void check() const;
};

/// Up and down again by half cosines (Smith and Topin 2018, as PyTorch writes it): from
/// base / start to base at step rise T - 1, and to base / (start finish) at the last step, T - 1.
/// The base rate is the highest.
struct OneCycle {
  double rise = 0.3;  ///< share of all steps
  double start = 25.0;
  double finish = 1e4;
  double operator()(double base, const ScheduleTime& now) const;
  void check() const;
};

/// base times `factor` for each time that the validation loss has not fallen for more than
/// `patience` epochs. It has fallen if it is below best - threshold |best|; NaN has not. After a
/// reduction, bad epochs are not counted for `cooldown` epochs. The product of the factors is never
/// below `least`. (PyTorch's ReduceLROnPlateau, which takes every negative loss for a fall.)
struct Plateau {
  double factor = 0.1;
  std::int64_t patience = 10;
  double threshold = 1e-4;
  std::int64_t cooldown = 0;
  double least = 0.0;
  double operator()(double base, const ScheduleTime& now) const;
  void check() const;
  void observe(double validation_loss);
  ScheduleState state() const;
  void restore(const ScheduleState& state);

  /// What it remembers.
  double scale = 1.0;
  double best = std::numeric_limits<double>::infinity();
  std::int64_t bad = 0;      ///< epochs since the last fall
  std::int64_t resting = 0;  ///< epochs of the cooldown still to come
};

class Schedule;

template <class F>
concept ScheduleRule =
    !std::same_as<F, Schedule> &&  // first: whether that can be copied is not known here
    std::is_invocable_r_v<double, const F&, double, const ScheduleTime&> &&
    std::copy_constructible<F>;

/// Any of these, or any function of (base, now): a value, whose copies are independent.
class Schedule {
 public:
  /// The base rate throughout.
  Schedule();
  /// Errors: ValueError for numbers of a schedule outside their range, and for an empty
  /// std::function.
  template <ScheduleRule F>
  Schedule(F rule) : actions_(&actions_of<F>) {      // NOLINT: implicit
    if constexpr (requires { rule.target_type(); })  // a std::function
      if (!rule) no_function();
    if constexpr (requires { rule.check(); }) rule.check();
    rule_ = std::move(rule);
  }

  /// The rate of the step that is about to be taken. Errors: ValueError if it comes out negative,
  /// infinite or NaN.
  double rate(double base, const ScheduleTime& now) const;
  /// Once an epoch.
  void observe(double validation_loss) { actions_->observe(rule_, validation_loss); }

  /// Which rule this is: the same text for rules of one type, in the next run of a program too.
  std::string kind() const { return rule_.type().name(); }
  ScheduleState state() const { return actions_->state(rule_); }
  /// Errors: ValueError if the state is not one of this kind of schedule.
  void restore(const ScheduleState& state) { actions_->restore(rule_, state); }

 private:
  struct Actions {
    double (*rate)(const std::any& rule, double base, const ScheduleTime& now);
    void (*observe)(std::any& rule, double validation_loss);
    ScheduleState (*state)(const std::any& rule);
    void (*restore)(std::any& rule, const ScheduleState& state);
  };
  static void require_empty(const ScheduleState& state);
  [[noreturn]] static void no_function();
  template <class F>
  static F& as(std::any& rule) {
    return *std::any_cast<F>(&rule);
  }
  template <class F>
  static const F& as(const std::any& rule) {
    return *std::any_cast<F>(&rule);
  }
  template <class F>
  static constexpr Actions actions_of{
      [](const std::any& rule, double base, const ScheduleTime& now) -> double {
        return as<F>(rule)(base, now);
      },
      [](std::any& rule, double loss) {
        if constexpr (requires(F f) { f.observe(loss); }) as<F>(rule).observe(loss);
      },
      [](const std::any& rule) -> ScheduleState {
        if constexpr (requires(const F f) { f.state(); }) return as<F>(rule).state();
        return {};
      },
      [](std::any& rule, const ScheduleState& state) {
        if constexpr (requires(F f) { f.restore(state); }) as<F>(rule).restore(state);
        else require_empty(state);
      }};

  std::any rule_;
  const Actions* actions_;
};

}  // namespace wengert
