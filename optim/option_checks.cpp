// SPDX-License-Identifier: MIT
#include "option_checks.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::detail {

void require_rate(std::string_view optimizer, double rate) {
  if (!(rate >= 0 && std::isfinite(rate)))
    throw ValueError(fmt::format("{}: the rate has to be 0 or more, got {}", optimizer, rate));
}

void require_not_negative(std::string_view optimizer, std::string_view option, double value) {
  if (!(value >= 0 && std::isfinite(value)))
    throw ValueError(fmt::format("{}: {} has to be 0 or more, got {}", optimizer, option, value));
}

void require_fraction(std::string_view optimizer, std::string_view option, double value) {
  if (!(value >= 0 && value < 1))
    throw ValueError(fmt::format("{}: {} lies in [0, 1), got {}", optimizer, option, value));
}

void require_epsilon(std::string_view optimizer, double epsilon) {
  const auto least = static_cast<double>(std::numeric_limits<float>::min());
  if (!(epsilon >= least && std::isfinite(epsilon)))
    throw ValueError(fmt::format(
        "{}: epsilon has to be at least {:.3g}, got {}; without it the step of a weight "
        "that never got a gradient is 0 / 0",
        optimizer, least, epsilon));
}

}  // namespace wengert::detail
