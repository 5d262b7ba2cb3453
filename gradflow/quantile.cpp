// SPDX-License-Identifier: MIT
#include "quantile.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace wengert::gradflow {

double quantile(std::vector<double> values, double q) {
  std::ranges::sort(values);
  const double place = q * static_cast<double>(values.size() - 1);
  const std::size_t below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  const double share = place - static_cast<double>(below);
  if (share == 0.0 || values[below] == values[above] || std::isinf(values[below]))
    return values[below];
  return values[below] + share * (values[above] - values[below]);
}

}  // namespace wengert::gradflow
