// SPDX-License-Identifier: MIT
#include "sgd.h"

#include "../graph/error.h"
#include "option_checks.h"
#include "recurrence.h"

namespace wengert {

using namespace detail;

Sgd::Sgd(const Options& options) : options_(options) { check_options(); }

void Sgd::check_options() const {
  require_rate("sgd", options_.rate);
  require_fraction("sgd", "momentum", options_.momentum);
  require_not_negative("sgd", "decay", options_.decay);
  if (options_.nesterov && options_.momentum == 0.0)
    throw ValueError("sgd: Nesterov's variant needs a momentum above 0");
}

std::span<const std::string_view> Sgd::slot_names() const {
  static constexpr std::array<std::string_view, 1> names{"velocity"};
  if (options_.momentum == 0.0) return {};
  return names;
}

void Sgd::apply(const Step& step) const {
  if (options_.momentum == 0.0) {
    run_recurrence<0>(step, [&](auto lanes) {
      return [rate = lanes(step.rate)](auto weight, auto gradient) {
        return std::array{weight - rate * gradient};
      };
    });
    return;
  }
  run_recurrence<1>(step, [&](auto lanes) {
    return [rate = lanes(step.rate), momentum = lanes(options_.momentum),
            nesterov = options_.nesterov](auto weight, auto gradient, auto velocity) {
      const auto speed = momentum * velocity + gradient;
      return std::array{weight - rate * (nesterov ? gradient + momentum * speed : speed), speed};
    };
  });
}

}  // namespace wengert
