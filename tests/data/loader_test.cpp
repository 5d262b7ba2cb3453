// SPDX-License-Identifier: MIT
// The order of batches and what is in them.
#include <algorithm>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <wengert/data/loader.h>
#include <wengert/data/sequences.h>
#include <wengert/graph/error.h>

#include "../catch.h"
#include "../same_bits.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using wg::data::Batch;
using wg::data::BatchLoader;
using wg::data::Dataset;

namespace {

/// Sample i has inputs (i, -i) and label i.
Dataset numbered(std::size_t n) {
  wg::Tensor x = wg::Tensor::empty({n, 2}, wg::f32);
  const std::span<float> values = x.mutable_data<float>();
  for (std::size_t i = 0; i < n; ++i) {
    values[2 * i] = static_cast<float>(i);
    values[2 * i + 1] = -values[2 * i];
  }
  return {x, wg::arange(n, wg::i64)};
}

bool same_batch(const Batch& a, const Batch& b) {
  return same_bits(a.inputs, b.inputs) && same_bits(a.targets, b.targets) &&
         same_bits(a.indices, b.indices);
}

Batch with_noise(Batch batch, wg::Rng& rng) {
  batch.inputs = rng.normal(batch.inputs.shape());
  return batch;
}

}  // namespace

TEST_CASE("an epoch shows every sample once, with its own target", "[data]") {
  const BatchLoader loader{numbered(103), {.batch = 10}};
  CHECK(loader.batches() == 11);
  std::multiset<std::int64_t> seen;
  std::size_t batches = 0;
  for (const Batch& batch : loader.epoch(0)) {
    CHECK(batch.size() == (batches < 10 ? 10 : 3));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      CHECK(batch.inputs.at({i, 0}) == batch.targets.at({i}));
      CHECK(batch.indices.at({i}) == batch.targets.at({i}));
    }
    const auto indices = batch.indices.data<std::int64_t>();
    seen.insert(indices.begin(), indices.end());
    ++batches;
  }
  CHECK(batches == 11);
  CHECK(seen.size() == 103);
  CHECK(std::set<std::int64_t>(seen.begin(), seen.end()).size() == 103);
}

TEST_CASE("the order is a function of seed and epoch alone", "[data]") {
  const BatchLoader loader{numbered(50), {.batch = 7, .seed = 3}};
  const BatchLoader same{numbered(50), {.batch = 20, .seed = 3}};
  const BatchLoader other{numbered(50), {.batch = 7, .seed = 4}};
  const wg::Tensor order = loader.epoch(2).order();
  CHECK(same_bits(loader.epoch(2).order(), order));
  CHECK(same_bits(same.epoch(2).order(), order));
  CHECK(!same_bits(other.epoch(2).order(), order));
  CHECK(!same_bits(loader.epoch(3).order(), order));
}

TEST_CASE("the first sample of an epoch is any sample, equally likely", "[data]") {
  const BatchLoader loader{numbered(5), {.batch = 1}};
  std::vector<double> counts(5, 0.0);
  for (std::uint64_t e = 0; e < 5000; ++e)
    counts[static_cast<std::size_t>(loader.epoch(e).order().at({0}))] += 1.0;
  double chi_squared = 0.0;
  for (const double count : counts) chi_squared += (count - 1000.0) * (count - 1000.0) / 1000.0;
  CHECK(chi_squared < 18.47);  // 4 degrees of freedom: exceeded once in a thousand
}

TEST_CASE("an epoch resumed at any batch goes on bit for bit", "[data]") {
  const BatchLoader loader{numbered(25), {.batch = 4, .seed = 2, .augment = {with_noise}}};
  std::vector<Batch> whole;
  for (const Batch& batch : loader.epoch(5)) whole.push_back(batch);
  REQUIRE(whole.size() == 7);
  const BatchLoader resumed{numbered(25), {.batch = 4, .seed = 2, .augment = {with_noise}}};
  for (std::size_t first = 0; first <= whole.size(); ++first) {
    std::size_t at = first;
    for (const Batch& batch : resumed.epoch(5, first)) CHECK(same_batch(batch, whole[at++]));
    CHECK(at == whole.size());
  }
}

TEST_CASE("augmentation draws anew each batch and epoch", "[data]") {
  const BatchLoader loader{numbered(8), {.batch = 4, .augment = {with_noise}}};
  const wg::Tensor first = loader.epoch(0)[0].inputs;
  CHECK(!same_bits(loader.epoch(0)[1].inputs, first));
  CHECK(!same_bits(loader.epoch(1)[0].inputs, first));
  CHECK(same_bits(loader.epoch(0)[0].inputs, first));
}

TEST_CASE("order and noise are not what an Rng of the same seed draws", "[data]") {
  const BatchLoader loader{numbered(8), {.batch = 8, .seed = 1, .augment = {with_noise}}};
  CHECK(!same_bits(loader.epoch(0).order(), wg::Rng{1}.permutation(8)));
  CHECK(!same_bits(loader.epoch(0)[0].inputs, wg::Rng{1}.normal({8, 2})));
}

TEST_CASE("without shuffling batches are slices that share memory", "[data]") {
  const BatchLoader loader{numbered(5), {.batch = 2, .shuffle = false}};
  std::int64_t at = 0;
  for (const Batch& batch : loader.epoch(7)) {
    CHECK(batch.inputs.shares_memory_with(loader.dataset().inputs));
    for (const std::int64_t index : batch.indices.data<std::int64_t>()) CHECK(index == at++);
  }
  CHECK(at == 5);
}

TEST_CASE("drop_last leaves out the batch that is not full, and only that", "[data]") {
  CHECK(BatchLoader{numbered(11), {.batch = 5, .drop_last = true}}.batches() == 2);
  CHECK(BatchLoader{numbered(10), {.batch = 5, .drop_last = true}}.batches() == 2);
  CHECK(BatchLoader{numbered(11), {.batch = 5}}.batches() == 3);
  const BatchLoader loader{numbered(11), {.batch = 5, .drop_last = true}};
  std::size_t samples = 0;
  for (const Batch& batch : loader.epoch(0)) samples += batch.size();
  CHECK(samples == 10);
}

TEST_CASE("a batch may be larger than the data set", "[data]") {
  const BatchLoader loader{numbered(3), {.batch = 100}};
  CHECK(loader.batches() == 1);
  CHECK(loader.epoch(0)[0].size() == 3);
}

TEST_CASE("an autoencoder's batch holds its images once", "[data]") {
  const BatchLoader loader{wg::Rng{1}.normal({10, 3}), {.batch = 4}};
  for (const Batch& batch : loader.epoch(0))
    CHECK(batch.inputs.address() == batch.targets.address());
}

TEST_CASE("weights come with their samples", "[data]") {
  Dataset dataset = numbered(6);
  dataset.weights = wg::arange(6);
  const BatchLoader loader{dataset, {.batch = 6}};
  const Batch batch = loader.epoch(0)[0];
  CHECK(same_bits(batch.weights, batch.targets.to(wg::f32)));
  CHECK(!BatchLoader{numbered(6)}.dataset().weights.defined());
}

TEST_CASE("a loader refuses what gives no batches", "[data]") {
  CHECK_THROWS_WITH((BatchLoader{numbered(3), {.batch = 0}}),
                    ContainsSubstring("at least one sample, got 0"));
  CHECK_THROWS_WITH(BatchLoader{Dataset{}}, ContainsSubstring("data set is empty"));
  CHECK_THROWS_AS(BatchLoader{numbered(3).rows(1, 1)}, wg::ValueError);
  CHECK_THROWS_WITH((BatchLoader{numbered(3), {.batch = 4, .drop_last = true}}),
                    ContainsSubstring("3 samples, batches of 4"));
  CHECK_THROWS_AS((BatchLoader{numbered(3), {.augment = {nullptr}}}), wg::ValueError);
  Dataset torn = numbered(3);
  torn.targets = wg::labels({1, 2});
  CHECK_THROWS_AS(BatchLoader{torn}, wg::ShapeError);
}

TEST_CASE("a loader refuses a batch that is not in the epoch", "[data]") {
  const BatchLoader loader{numbered(10), {.batch = 4}};
  CHECK_THROWS_WITH(loader.epoch(0)[3], ContainsSubstring("batch 3 is outside [0, 3)"));
  CHECK_THROWS_AS(loader.epoch(0, 4), wg::ValueError);
}
