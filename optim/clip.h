// SPDX-License-Identifier: MIT
// Clipping of gradients, and the ledger of what it did.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "../graph/gradients.h"
#include "../graph/parameter.h"
#include "parameter_list.h"

namespace wengert {

/// Elements are limited first, then the whole gradient:
///     g_i <- min(max(g_i, -value), value);   g <- g min(1, norm / ||g||)
/// where ||g|| is the 2-norm over all parameters that are trained (Pascanu et al. 2013).
struct Clip {
  double value = std::numeric_limits<double>::infinity();
  double norm = std::numeric_limits<double>::infinity();
  /// What a gradient does whose norm is infinite or NaN, so that no factor can repair it: false, an
  /// error that names the parameters it comes from; true, the step is left out and counted. Either
  /// way nothing is changed.
  bool skip_nonfinite = false;
};

/// What clipping did so far. The factor of a step is ||g after|| / ||g before||.
struct ClippingLedger {
  std::int64_t steps = 0;        ///< taken while clipping was on
  std::int64_t clipped = 0;      ///< of these, where the gradient was made shorter
  std::int64_t skipped = 0;      ///< left out for a non-finite gradient; not among `steps`
  double factor_sum = 0.0;       ///< over the clipped steps
  double smallest_factor = 1.0;  ///< 1 if none was clipped
  double largest_norm = 0.0;     ///< before clipping

  /// Mean over the clipped steps; 1 if there were none.
  double mean_factor() const {
    return clipped == 0 ? 1.0 : factor_sum / static_cast<double>(clipped);
  }
};

/// The 2-norm of the gradient by all parameters that are not frozen, gathered in f64; elements
/// below the normal range count as zero. Errors: TapeError if one of them has no gradient.
double global_norm(std::span<Parameter* const> parameters, const Gradients& gradients);
template <Trainable Model>
double global_norm(Model& model, const Gradients& gradients) {
  return global_norm(std::span<Parameter* const>(parameters(model)), gradients);
}

}  // namespace wengert
