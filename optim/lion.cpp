// SPDX-License-Identifier: MIT
#include "lion.h"

#include "option_checks.h"
#include "recurrence.h"

namespace wengert {

using namespace detail;

Lion::Lion(const Options& options) : options_(options) { check_options(); }

void Lion::check_options() const {
  require_rate("lion", options_.rate);
  require_fraction("lion", "beta1", options_.beta1);
  require_fraction("lion", "beta2", options_.beta2);
  require_not_negative("lion", "decay", options_.decay);
}

std::span<const std::string_view> Lion::slot_names() const {
  static constexpr std::array<std::string_view, 1> names{"mean"};
  return names;
}

void Lion::apply(const Step& step) const {
  run_recurrence<1>(step, [&](auto lanes) {
    return [rate = lanes(step.rate), beta1 = lanes(options_.beta1),
            rest1 = lanes(1.0 - options_.beta1), beta2 = lanes(options_.beta2),
            rest2 = lanes(1.0 - options_.beta2)](auto weight, auto gradient, auto mean) {
      return std::array{weight - rate * sign(beta1 * mean + rest1 * gradient),
                        beta2 * mean + rest2 * gradient};
    };
  });
}

}  // namespace wengert
