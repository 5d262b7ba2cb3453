// SPDX-License-Identifier: MIT
// What a batch tells a loss about how much its samples count, and a metric about which steps are
// real. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../data/batch.h"
#include "../nn/loss.h"
#include "../ops/indexing.h"

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

/// [b, steps, ...] -> [real steps, ...]: those where `mask`, [b, steps], is not 0.
inline Tensor real_steps(const Tensor& values, const Tensor& mask) {
  const Tensor flags = mask.to(f64);
  std::vector<std::int64_t> real;
  for (std::size_t i = 0; i < flags.size(); ++i)
    if (flags.data<double>()[i] != 0) real.push_back(static_cast<std::int64_t>(i));
  std::vector<std::size_t> sizes{mask.size()};
  for (std::size_t axis = 2; axis < values.rank(); ++axis) sizes.push_back(values.shape()[axis]);
  return take(Var(values.reshape(Shape(sizes))), Var(labels(real))).value();
}

}  // namespace wengert::detail
