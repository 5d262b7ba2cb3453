// SPDX-License-Identifier: MIT
#include "adam.h"

#include <cmath>

#include "option_checks.h"
#include "recurrence.h"

namespace wengert {

using namespace detail;

Adam::Adam(const Options& options) : options_(options) {
  require_rate("adam", options.rate);
  require_fraction("adam", "beta1", options.beta1);
  require_fraction("adam", "beta2", options.beta2);
  require_epsilon("adam", options.epsilon);
}

std::span<const std::string_view> Adam::slot_names() const {
  static constexpr std::array<std::string_view, 2> names{"mean", "square"};
  return names;
}

void Adam::apply(const Step& step) const {
  const auto t = static_cast<double>(step.number);
  const double mean_scale = step.rate / (1.0 - std::pow(options_.beta1, t));
  const double root_scale = 1.0 / std::sqrt(1.0 - std::pow(options_.beta2, t));
  run_recurrence<2>(step, [&](auto lanes) {
    return [beta1 = lanes(options_.beta1), rest1 = lanes(1.0 - options_.beta1),
            beta2 = lanes(options_.beta2), rest2 = lanes(1.0 - options_.beta2),
            rate = lanes(mean_scale), root = lanes(root_scale), epsilon = lanes(options_.epsilon)](
               auto weight, auto gradient, auto first, auto second) {
      const auto mean = beta1 * first + rest1 * gradient;
      const auto square = beta2 * second + rest2 * (gradient * gradient);
      return std::array{weight - rate * mean / (sqrt(square) * root + epsilon), mean, square};
    };
  });
}

}  // namespace wengert
