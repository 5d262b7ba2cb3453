// SPDX-License-Identifier: MIT
// What a batch tells a loss about how much its samples count. Internal.
#pragma once

#include "../data/batch.h"
#include "../nn/loss.h"

namespace wengert::detail {

/// `each_step` says that the losses are those of every step, to which the mask belongs; one target
/// a sequence has none.
inline Weighting weighting_of(const data::Batch& batch, bool each_step,
                              Reduction reduction = Reduction::mean) {
  Weighting weighting{.reduction = reduction};
  if (batch.weights.defined()) weighting.weights = batch.weights;
  if (batch.mask.defined() && each_step) weighting.mask = batch.mask;
  return weighting;
}

}  // namespace wengert::detail
