// SPDX-License-Identifier: MIT
#include "slope.h"

#include <cmath>
#include <cstddef>

namespace wengert::gradflow {

Line line_through(std::span<const double> values) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (!std::isfinite(values[k])) continue;
    const auto place = static_cast<double>(k);
    n += 1, x += place, y += values[k], xx += place * place, xy += place * values[k];
  }
  const double spread = n * xx - x * x;
  const double slope = spread > 0.0 ? (n * xy - x * y) / spread : 0.0;
  return {slope, n > 0.0 ? (y - slope * x) / n : 0.0};
}

}  // namespace wengert::gradflow
