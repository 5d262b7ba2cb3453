// SPDX-License-Identifier: MIT
#include "adadelta.h"

#include "option_checks.h"
#include "recurrence.h"

namespace wengert {

using namespace detail;

Adadelta::Adadelta(const Options& options) : options_(options) { check_options(); }

void Adadelta::check_options() const {
  require_rate("adadelta", options_.rate);
  require_fraction("adadelta", "rho", options_.rho);
  require_epsilon("adadelta", options_.epsilon);
}

std::span<const std::string_view> Adadelta::slot_names() const {
  static constexpr std::array<std::string_view, 2> names{"square", "update_square"};
  return names;
}

void Adadelta::apply(const Step& step) const {
  run_recurrence<2>(step, [&](auto lanes) {
    return [rate = lanes(step.rate), rho = lanes(options_.rho), rest = lanes(1.0 - options_.rho),
            epsilon = lanes(options_.epsilon)](auto weight, auto gradient, auto slopes,
                                               auto updates) {
      const auto square = rho * slopes + rest * (gradient * gradient);
      const auto update = gradient * sqrt(updates + epsilon) / sqrt(square + epsilon);
      return std::array{weight - rate * update, square, rho * updates + rest * (update * update)};
    };
  });
}

}  // namespace wengert
