// SPDX-License-Identifier: MIT
#include "nadam.h"

#include <cmath>

#include "option_checks.h"
#include "recurrence.h"

namespace wengert {

using namespace detail;

namespace {

double momentum_at(double beta1, std::int64_t number) {
  return beta1 * (1.0 - 0.5 * std::pow(0.96, 0.004 * static_cast<double>(number)));
}

}  // namespace

NAdam::NAdam(const Options& options) : options_(options) { check_options(); }

void NAdam::check_options() const {
  require_rate("nadam", options_.rate);
  require_fraction("nadam", "beta1", options_.beta1);
  require_fraction("nadam", "beta2", options_.beta2);
  require_epsilon("nadam", options_.epsilon);
}

std::span<const std::string_view> NAdam::slot_names() const {
  static constexpr std::array<std::string_view, 2> names{"mean", "square"};
  return names;
}

std::span<const std::string_view> NAdam::scalar_names() const {
  static constexpr std::array<std::string_view, 1> names{"correction"};  // c_t, which starts at 0
  return names;
}

void NAdam::advance(std::span<double> scalars, std::int64_t number) const {
  scalars[0] = 1.0 - (1.0 - scalars[0]) * momentum_at(options_.beta1, number);
}

void NAdam::apply(const Step& step) const {
  const double now = momentum_at(options_.beta1, step.number);
  const double next = momentum_at(options_.beta1, step.number + 1);
  const double corrected = step.scalars[0];
  const double corrected_next = 1.0 - (1.0 - corrected) * next;
  const double root_scale =
      1.0 / std::sqrt(1.0 - std::pow(options_.beta2, static_cast<double>(step.number)));
  run_recurrence<2>(step, [&](auto lanes) {
    return
        [beta1 = lanes(options_.beta1), rest1 = lanes(1.0 - options_.beta1),
         beta2 = lanes(options_.beta2), rest2 = lanes(1.0 - options_.beta2),
         of_mean = lanes(step.rate * next / corrected_next),
         of_gradient = lanes(step.rate * (1.0 - now) / corrected), root = lanes(root_scale),
         epsilon = lanes(options_.epsilon)](auto weight, auto gradient, auto first, auto second) {
          const auto mean = beta1 * first + rest1 * gradient;
          const auto square = beta2 * second + rest2 * (gradient * gradient);
          const auto ahead = of_mean * mean + of_gradient * gradient;
          return std::array{weight - ahead / (sqrt(square) * root + epsilon), mean, square};
        };
  });
}

}  // namespace wengert
