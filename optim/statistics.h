// SPDX-License-Identifier: MIT
// What an optimizer's step did to each parameter: the numbers that show vanishing gradients, rates
// too high or too low, and units that have died.
#pragma once

#include <cstddef>
#include <string>

namespace wengert {

/// Of one parameter in one step. Norms are 2-norms gathered in f64; elements below the normal range
/// count as zero in them. The gradient is that of the loss, before clipping and penalties.
struct ParameterStatistics {
  std::string name;
  std::size_t size = 0;
  double gradient_norm = 0.0;
  double weight_norm = 0.0;  ///< before the step
  double update_norm = 0.0;  ///< of new minus old weights
  double zero = 0.0;         ///< shares of the gradient's elements that are exactly zero,
  double denormal = 0.0;     ///< below the normal range (f32: 1.2e-38) but not zero,
  double nonfinite = 0.0;    ///< infinite or NaN

  /// ||new - old|| / ||old||: about 1e-3 is usual. Infinite for weights that were zero and moved.
  double relative_update() const;
};

}  // namespace wengert
