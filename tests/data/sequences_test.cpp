// SPDX-License-Identifier: MIT
// Ragged sequences, padded and masked.
#include <algorithm>
#include <cstddef>
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

/// Sequence i has length lengths[i] and steps (i, 1), (i, 2), ...
std::vector<wg::Tensor> ragged(const std::vector<std::size_t>& lengths) {
  std::vector<wg::Tensor> result;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    wg::Tensor sequence = wg::full({lengths[i], 2}, static_cast<double>(i));
    for (std::size_t t = 0; t < lengths[i]; ++t)
      sequence.mutable_data<float>()[2 * t + 1] = static_cast<float>(t + 1);
    result.push_back(sequence);
  }
  return result;
}

}  // namespace

TEST_CASE("pad fills the ends of short sequences and masks them", "[data]") {
  const wg::data::Padded padded = wg::data::pad({wg::tensor({1, 2, 3}), wg::tensor({4})}, -1.0);
  CHECK(same_bits(padded.values, wg::matrix({{1, 2, 3}, {4, -1, -1}})));
  CHECK(same_bits(padded.mask, wg::matrix({{1, 1, 1}, {1, 0, 0}})));
  CHECK(same_bits(padded.lengths, wg::labels({3, 1})));
}

TEST_CASE("pad keeps further axes and the dtype", "[data]") {
  const wg::data::Padded padded =
      wg::data::pad({wg::ones({2, 3, 4}, wg::f64), wg::ones({5, 3, 4}, wg::f64)});
  CHECK(padded.values.shape() == wg::Shape{2, 5, 3, 4});
  CHECK(padded.mask.dtype() == wg::f64);
  const wg::data::Padded words = wg::data::pad({wg::labels({7}), wg::labels({8, 9})});
  CHECK(same_bits(words.values, wg::labels({7, 0, 8, 9}).reshape({2, 2})));
  CHECK(words.mask.dtype() == wg::f32);
}

TEST_CASE("pad names the sequence that does not fit", "[data]") {
  CHECK_THROWS_AS(wg::data::pad({}), wg::ValueError);
  CHECK_THROWS_WITH(wg::data::pad({wg::zeros({2, 3}), wg::zeros({4, 2})}),
                    ContainsSubstring("sequence 0 is [2, 3], sequence 1 is [4, 2]"));
  CHECK_THROWS_WITH(wg::data::pad({wg::zeros({2}), wg::zeros({0})}),
                    ContainsSubstring("sequence 1 has no steps"));
  CHECK_THROWS_AS(wg::data::pad({wg::zeros({2}), wg::zeros({2}, wg::f64)}), wg::DTypeError);
  CHECK_THROWS_AS(wg::data::pad({wg::zeros({2}), wg::scalar(1.0)}), wg::ShapeError);
}

TEST_CASE("a batch of sequences is as long as its longest and masks the rest", "[data]") {
  const std::vector<std::size_t> lengths{3, 1, 7, 2, 5, 2};
  const bool shuffle = GENERATE(true, false);
  const BatchLoader loader{wg::data::sequences(ragged(lengths), wg::labels({0, 1, 2, 3, 4, 5})),
                           {.batch = 2, .shuffle = shuffle}};
  for (const Batch& batch : loader.epoch(0)) {
    std::size_t longest = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto sample = static_cast<std::size_t>(batch.targets.at({i}));
      CHECK(batch.lengths.at({i}) == static_cast<double>(lengths[sample]));
      longest = std::max(longest, lengths[sample]);
    }
    REQUIRE(batch.inputs.shape() == wg::Shape{2, longest, 2});
    REQUIRE(batch.mask.shape() == wg::Shape{2, longest});
    for (std::size_t i = 0; i < batch.size(); ++i)
      for (std::size_t t = 0; t < longest; ++t) {
        const bool real = t < static_cast<std::size_t>(batch.lengths.at({i}));
        CHECK(batch.mask.at({i, t}) == (real ? 1.0 : 0.0));
        CHECK(batch.inputs.at({i, t, 1}) == (real ? static_cast<double>(t + 1) : 0.0));
        CHECK(batch.inputs.at({i, t, 0}) == (real ? batch.targets.at({i}) : 0.0));
      }
  }
}

TEST_CASE("targets of each step are cut with their inputs", "[data]") {
  const std::vector<wg::Tensor> x = ragged({2, 4, 1});
  const Dataset dataset = wg::data::sequences(
      x, {wg::labels({1, 2}), wg::labels({3, 4, 5, 6}), wg::labels({7})}, wg::ones({3}));
  const Dataset part = wg::data::shortened(dataset.take(wg::labels({2, 0})));
  CHECK(part.inputs.shape() == wg::Shape{2, 2, 2});
  CHECK(same_bits(part.targets, wg::labels({7, 0, 1, 2}).reshape({2, 2})));
  CHECK_THROWS_WITH(wg::data::sequences(x, {wg::labels({1, 2}), wg::labels({3}), wg::labels({7})}),
                    ContainsSubstring("sequence 1 has 4 steps and 1 targets"));
}

TEST_CASE("sequences without targets are their own", "[data]") {
  const BatchLoader loader{wg::data::sequences(ragged({1, 2, 3})), {.batch = 1}};
  for (const Batch& batch : loader.epoch(0)) {
    CHECK(batch.inputs.address() == batch.targets.address());
    CHECK(batch.lengths.at({0}) == static_cast<double>(batch.inputs.shape()[1]));
  }
}

TEST_CASE("mask refuses a data set that holds no sequences", "[data]") {
  CHECK_THROWS_AS(wg::data::mask(Dataset(wg::zeros({3, 2}))), wg::ValueError);
}
