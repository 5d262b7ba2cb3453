// SPDX-License-Identifier: MIT
#include "adagrad.h"

#include "option_checks.h"
#include "recurrence.h"

namespace wengert {

using namespace detail;

Adagrad::Adagrad(const Options& options) : options_(options) { check_options(); }

void Adagrad::check_options() const {
  require_rate("adagrad", options_.rate);
  require_not_negative("adagrad", "initial", options_.initial);
  require_epsilon("adagrad", options_.epsilon);
}

std::span<const std::string_view> Adagrad::slot_names() const {
  static constexpr std::array<std::string_view, 1> names{"sum"};
  return names;
}

void Adagrad::apply(const Step& step) const {
  run_recurrence<1>(step, [&](auto lanes) {
    return [rate = lanes(step.rate), initial = lanes(options_.initial),
            epsilon = lanes(options_.epsilon)](auto weight, auto gradient, auto before) {
      const auto sum = before + gradient * gradient;
      return std::array{weight - rate * gradient / (sqrt(initial + sum) + epsilon), sum};
    };
  });
}

}  // namespace wengert
