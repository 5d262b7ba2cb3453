// SPDX-License-Identifier: MIT
// What a batch tells a loss about how much its samples count, and a metric about which steps are
// real. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "../data/batch.h"
#include "../data/dataset.h"
#include "../nn/loss_function.h"
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

/// What the batch's loss is a mean over, sample by sample, f64 [n]: 1 or, where every step has a
/// loss, the number of its real steps.
Tensor counts_of(const data::Batch& batch, bool each_step);

/// The loss of a batch as its share of the loss of a whole data set. A weighted mean is over the
/// batch's own weights; over an epoch each sample is to count by its weight over the mean weight of
/// all samples, whichever batch it is in, and a batch of samples that count for nothing is 0.
class BatchLoss {
 public:
  /// Errors: ValueError naming `who` if the weights of all samples do not add up to more than 0.
  BatchLoss(const char* who, Loss loss, const data::Dataset& data);

  struct Result {
    Var loss;
    double counted;  ///< samples, or real steps: by which epochs weigh the loss
  };
  Result operator()(const Var& output, const data::Batch& batch) const;

 private:
  Loss loss_;
  bool each_step_;
  double mean_weight_ = 1;
};

/// loss_floor of the targets that count, by their weights.
std::optional<double> floor_of(const Loss& loss, const data::Dataset& data);

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
