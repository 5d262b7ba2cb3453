// SPDX-License-Identifier: MIT
#include "statistics.h"

#include <limits>

namespace wengert {

double ParameterStatistics::relative_update() const {
  if (update_norm == 0.0) return 0.0;
  if (weight_norm == 0.0) return std::numeric_limits<double>::infinity();
  return update_norm / weight_norm;
}

}  // namespace wengert
