// SPDX-License-Identifier: MIT
#include "loader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "../graph/error.h"
#include "sequences.h"

namespace wengert::data {
namespace {

// Streams of our own, so that weights drawn from Rng{seed} have nothing to do with the order.
constexpr std::uint64_t order_stream = 0x6f72646572;
constexpr std::uint64_t augment_stream = 0x6175676d656e74;

/// The number-th child of a stream, without drawing those before it. A split takes two counts.
Rng child(std::uint64_t seed, std::uint64_t stream, std::uint64_t number) {
  return Rng(Rng::State{.seed = seed, .stream = stream, .counter = 2 * number}).split();
}

}  // namespace

BatchLoader::BatchLoader(Dataset dataset, LoaderOptions options)
    : dataset_(std::move(dataset)), options_(std::move(options)) {
  if (options_.batch == 0) throw ValueError("loader: a batch needs at least one sample, got 0");
  if (dataset_.empty())
    throw ValueError(
        "loader: the data set is empty: 0 samples; is it a part of a split that was "
        "given no share?");
  dataset_.check();
  if (options_.drop_last && dataset_.size() < options_.batch)
    throw ValueError(
        fmt::format("loader: no batch is left: {} samples, batches of {}, and "
                    "drop_last leaves out what does not fill one",
                    dataset_.size(), options_.batch));
  for (const Augmentation& augment : options_.augment)
    if (!augment) throw ValueError("loader: an augmentation holds no function");
}

std::size_t BatchLoader::batches() const {
  const std::size_t full = dataset_.size() / options_.batch;
  const bool rest = dataset_.size() % options_.batch != 0 && !options_.drop_last;
  return full + (rest ? 1 : 0);
}

BatchLoader::Epoch BatchLoader::epoch(std::uint64_t number, std::size_t first) const& {
  if (first > batches())
    throw ValueError(
        fmt::format("loader: an epoch of {} batches cannot begin at batch {}", batches(), first));
  return {*this, number, first};
}

BatchLoader::Epoch::Epoch(const BatchLoader& loader, std::uint64_t number, std::size_t first)
    : loader_(&loader), number_(number), first_(first) {
  const std::size_t n = loader.dataset().size();
  const LoaderOptions& options = loader.options();
  order_ =
      options.shuffle ? child(options.seed, order_stream, number).permutation(n) : arange(n, i64);
}

Batch BatchLoader::Epoch::operator[](std::size_t number) const {
  if (number >= size())
    throw ValueError(
        fmt::format("loader: batch {} is outside [0, {}), the epoch's", number, size()));
  const LoaderOptions& options = loader_->options();
  const Dataset& all = loader_->dataset();
  const std::size_t begin = number * options.batch;
  const std::size_t end = std::min(begin + options.batch, all.size());

  Batch batch;
  batch.indices = order_.rows(begin, end);
  const Dataset part = shortened(options.shuffle ? all.take(batch.indices) : all.rows(begin, end));
  batch.inputs = part.inputs;
  batch.targets = part.targets;
  batch.weights = part.weights;
  batch.lengths = part.lengths;
  if (part.lengths.defined()) batch.mask = mask(part);
  if (options.augment.empty()) return batch;

  const Rng::State streams = child(options.seed, augment_stream, number_).state();
  Rng rng = child(streams.seed, streams.stream, number);
  for (const Augmentation& augment : options.augment) batch = augment(std::move(batch), rng);
  return batch;
}

}  // namespace wengert::data
