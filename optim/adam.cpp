// SPDX-License-Identifier: MIT
#include "adam.h"

#include <cmath>

#include "option_checks.h"
#include "recurrence.h"

namespace wengert {

using namespace detail;

Adam::Adam(const Options& options) : options_(options) { check_options(); }

void Adam::check_options() const { require("adam", options_); }

void Adam::require(std::string_view name, const Options& options) {
  require_rate(name, options.rate);
  require_fraction(name, "beta1", options.beta1);
  require_fraction(name, "beta2", options.beta2);
  require_epsilon(name, options.epsilon);
}

std::span<const std::string_view> Adam::slots(bool amsgrad) {
  static constexpr std::array<std::string_view, 3> names{"mean", "square", "largest_square"};
  return std::span(names).first(amsgrad ? 3 : 2);
}

void Adam::run(const Step& step, const Options& options) {
  const auto t = static_cast<double>(step.number);
  const double mean_scale = step.rate / (1.0 - std::pow(options.beta1, t));
  const double root_scale = 1.0 / std::sqrt(1.0 - std::pow(options.beta2, t));
  const auto make = [&](auto lanes) {
    return [beta1 = lanes(options.beta1), rest1 = lanes(1.0 - options.beta1),
            beta2 = lanes(options.beta2), rest2 = lanes(1.0 - options.beta2),
            rate = lanes(mean_scale), root = lanes(root_scale), epsilon = lanes(options.epsilon)](
               auto weight, auto gradient, auto first, auto second, auto... largest) {
      const auto mean = beta1 * first + rest1 * gradient;
      const auto square = beta2 * second + rest2 * (gradient * gradient);
      if constexpr (sizeof...(largest) == 0) {
        return std::array{weight - rate * mean / (sqrt(square) * root + epsilon), mean, square};
      } else {
        const auto most = max(largest..., square);
        return std::array{weight - rate * mean / (sqrt(most) * root + epsilon), mean, square, most};
      }
    };
  };
  if (options.amsgrad) run_recurrence<3>(step, make);
  else run_recurrence<2>(step, make);
}

}  // namespace wengert
