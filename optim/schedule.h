// SPDX-License-Identifier: MIT
// How the rate changes during training. A schedule knows no optimizer: whoever trains asks it for
// the rate of each step, and shows it the validation loss of each epoch.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
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

/// Any of these, or any function of (base, now): a value, whose copies are independent.
class Schedule {
 public:
  /// The base rate throughout.
  Schedule();
  /// Errors: ValueError for numbers of a schedule outside their range.
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Schedule> &&
           std::is_invocable_r_v<double, const std::decay_t<F>&, double, const ScheduleTime&>)
      Schedule(F&& rule)
      : held_(std::make_unique<Rule<std::decay_t<F>>>(std::forward<F>(rule))) {}
  Schedule(const Schedule& other) : held_(other.held_->clone()) {}
  Schedule(Schedule&&) noexcept = default;
  Schedule& operator=(Schedule other) noexcept {
    held_ = std::move(other.held_);
    return *this;
  }
  ~Schedule() = default;

  /// The rate of the step that is about to be taken. Errors: ValueError if it comes out negative,
  /// infinite or NaN.
  double rate(double base, const ScheduleTime& now) const;
  /// Once an epoch.
  void observe(double validation_loss) { held_->observe(validation_loss); }

  ScheduleState state() const { return held_->state(); }
  /// Errors: ValueError if the state is not one of this kind of schedule.
  void restore(const ScheduleState& state) { held_->restore(state); }

 private:
  struct AnyRule {
    AnyRule() = default;
    AnyRule(const AnyRule&) = default;
    AnyRule& operator=(const AnyRule&) = delete;
    virtual ~AnyRule() = default;
    virtual std::unique_ptr<AnyRule> clone() const = 0;
    virtual double rate(double base, const ScheduleTime& now) const = 0;
    virtual void observe(double validation_loss) = 0;
    virtual ScheduleState state() const = 0;
    virtual void restore(const ScheduleState& state) = 0;
  };
  template <class F>
  struct Rule final : AnyRule {
    explicit Rule(F rule) : rule_(std::move(rule)) {
      if constexpr (requires { rule_.check(); }) rule_.check();
    }
    std::unique_ptr<AnyRule> clone() const override { return std::make_unique<Rule>(*this); }
    double rate(double base, const ScheduleTime& now) const override { return rule_(base, now); }
    void observe(double validation_loss) override {
      if constexpr (requires { rule_.observe(validation_loss); }) rule_.observe(validation_loss);
    }
    ScheduleState state() const override {
      if constexpr (requires { rule_.state(); }) return rule_.state();
      return {};
    }
    void restore(const ScheduleState& state) override {
      if constexpr (requires { rule_.restore(state); }) rule_.restore(state);
      else require_empty(state);
    }
    F rule_;
  };
  static void require_empty(const ScheduleState& state);

  std::unique_ptr<AnyRule> held_;
};

}  // namespace wengert
