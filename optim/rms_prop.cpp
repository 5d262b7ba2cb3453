// SPDX-License-Identifier: MIT
#include "rms_prop.h"

#include "option_checks.h"
#include "recurrence.h"

namespace wengert {

using namespace detail;

RmsProp::RmsProp(const Options& options) : options_(options) { check_options(); }

void RmsProp::check_options() const {
  require_rate("rms_prop", options_.rate);
  require_fraction("rms_prop", "rho", options_.rho);
  require_fraction("rms_prop", "momentum", options_.momentum);
  require_epsilon("rms_prop", options_.epsilon);
}

std::span<const std::string_view> RmsProp::slot_names() const {
  static constexpr std::array<std::string_view, 3> names{"square", "mean", "velocity"};
  static constexpr std::array<std::string_view, 2> without_mean{"square", "velocity"};
  if (options_.momentum == 0.0) return std::span(names).first(options_.centred ? 2 : 1);
  if (options_.centred) return names;
  return without_mean;
}

template <bool centred, bool momentum>
void RmsProp::run(const Step& step) const {
  run_recurrence<1 + int{centred} + int{momentum}>(step, [&](auto lanes) {
    return [rate = lanes(step.rate), rho = lanes(options_.rho), rest = lanes(1.0 - options_.rho),
            epsilon = lanes(options_.epsilon), inertia = lanes(options_.momentum),
            zero = lanes(0.0)](auto weight, auto gradient, auto slopes, auto... others) {
      using Lane = decltype(gradient);
      const std::array<Lane, sizeof...(others)> slots{others...};
      std::array<Lane, 2 + sizeof...(others)> out;
      const Lane square = rho * slopes + rest * (gradient * gradient);
      out[1] = square;
      Lane variance = square;
      if constexpr (centred) {
        const Lane mean = rho * slots[0] + rest * gradient;
        out[2] = mean;
        variance = max(square - mean * mean, zero);  // rounding can make it negative
      }
      Lane update = gradient / (sqrt(variance) + epsilon);
      if constexpr (momentum) {
        update = inertia * slots.back() + update;
        out.back() = update;
      }
      out[0] = weight - rate * update;
      return out;
    };
  });
}

void RmsProp::apply(const Step& step) const {
  const bool momentum = options_.momentum != 0.0;
  if (options_.centred && momentum) run<true, true>(step);
  else if (options_.centred) run<true, false>(step);
  else if (momentum) run<false, true>(step);
  else run<false, false>(step);
}

}  // namespace wengert
