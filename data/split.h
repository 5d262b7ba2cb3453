// SPDX-License-Identifier: MIT
// Parts of a data set for training, for choosing and for judging. Samples are shuffled first; a
// series, whose order matters, is split in time instead (data/windows.h).
#pragma once

#include <cstddef>
#include <vector>

#include "../graph/rng.h"
#include "by_index.h"
#include "dataset.h"

namespace wengert::data {

/// Shares of the whole; training has the rest.
struct SplitOptions {
  double validation = 0.0;
  double test = 0.0;
};
/// `auto [train, validation, test] = split(...)`. A part that was given no share is empty.
struct Split {
  Dataset train, validation, test;
};

/// Shuffles; validation has round(share n) samples, validation and test together
/// round(their share n). Errors: ValueError if a share is outside [0, 1], if they leave nothing for
/// training, or if a part that was given a share gets no sample.
Split split(const Dataset& dataset, const SplitOptions& options, Rng& rng);
/// As `split`, and each part has of each class its share, rounded up or down. Targets are labels.
/// Errors: also DTypeError or ShapeError if targets are no i64 [n].
Split stratified_split(const Dataset& dataset, const SplitOptions& options, Rng& rng);

struct Fold {
  Dataset train, validation;
};
struct FoldOptions {
  bool stratified = false;  ///< each fold has its share of each class; targets are labels
};

/// k ways to set one k-th of the samples aside, each sample being set aside in exactly one. A fold
/// is copied together when it is looked at: `for (const auto& [train, validation] : folds)`.
class Folds {
 public:
  std::size_t size() const { return validation_.size(); }
  /// Errors: ValueError if there is no such fold.
  Fold operator[](std::size_t number) const;
  ByIndex<Folds, Fold> begin() const { return {*this, 0}; }
  ByIndex<Folds, Fold> end() const { return {*this, size()}; }
  /// Samples that fold `number` sets aside, i64, to put predictions back where they belong.
  const Tensor& validation_indices(std::size_t number) const;

 private:
  friend Folds k_fold(const Dataset&, std::size_t, Rng&, const FoldOptions&);
  Folds(Dataset dataset, std::vector<Tensor> validation);

  Dataset dataset_;
  std::vector<Tensor> validation_;
};
/// Sizes of folds differ by one sample at most.
/// Errors: ValueError unless 2 <= k <= n; as stratified_split.
Folds k_fold(const Dataset& dataset, std::size_t k, Rng& rng, const FoldOptions& options = {});

}  // namespace wengert::data
