// SPDX-License-Identifier: MIT
// Batches of a data set, epoch after epoch. Nothing is remembered between calls: any batch of any
// epoch can be asked for at any time and has the same bits whenever it is, which is all that a
// training needs to resume.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "batch.h"
#include "by_index.h"
#include "dataset.h"

namespace wengert::data {

struct LoaderOptions {
  std::size_t batch = 32;  ///< samples a batch; the last one has what is left
  std::uint64_t seed = 1;
  bool shuffle = true;     ///< a new order each epoch; without, slices that share memory
  bool drop_last = false;  ///< leave out a last batch that is not full
  std::vector<Augmentation> augment = {};  ///< applied to each batch, in this order
};

/// The order of epoch e is a pure function of (seed, e), an augmentation's noise one of
/// (seed, e, batch). An Rng of the same seed draws nothing of either.
class BatchLoader {
 public:
  class Epoch;

  /// Errors: ValueError if the batch size is 0, the data set is empty or shorter than a batch
  /// whose rest is dropped; what Dataset's constructor throws if its members do not fit.
  explicit BatchLoader(Dataset dataset, LoaderOptions options = {});

  /// Batches an epoch.
  std::size_t batches() const;
  const Dataset& dataset() const { return dataset_; }
  const LoaderOptions& options() const { return options_; }

  /// `for (const Batch& batch : loader.epoch(e))`, from the `first` batch on. Looks at this loader.
  /// Errors: ValueError if `first` is above `batches()`.
  Epoch epoch(std::uint64_t number, std::size_t first = 0) const&;
  Epoch epoch(std::uint64_t number, std::size_t first = 0) && = delete;  // would look at nothing

 private:
  Dataset dataset_;
  LoaderOptions options_;
};

/// The batches of one epoch; each is put together when it is looked at.
class BatchLoader::Epoch {
 public:
  ByIndex<Epoch, Batch> begin() const { return {*this, first_}; }
  ByIndex<Epoch, Batch> end() const { return {*this, size()}; }
  /// Batches of the whole epoch, wherever iteration begins.
  std::size_t size() const { return loader_->batches(); }
  /// Batch `number` of the epoch, whatever `first` was. Errors: ValueError if there is none.
  Batch operator[](std::size_t number) const;
  /// Samples in the order of this epoch, i64 [n].
  const Tensor& order() const { return order_; }

 private:
  friend class BatchLoader;
  Epoch(const BatchLoader& loader, std::uint64_t number, std::size_t first);

  const BatchLoader* loader_;
  std::uint64_t number_;
  std::size_t first_;
  Tensor order_;
};

}  // namespace wengert::data
