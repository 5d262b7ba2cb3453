// SPDX-License-Identifier: MIT
// Noise and shifts.
#include <cmath>
#include <set>
#include <utility>

#include <wengert/data/augment.h>
#include <wengert/data/loader.h>
#include <wengert/data/sequences.h>
#include <wengert/graph/error.h>

#include "../catch.h"
#include "../same_bits.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using wg::data::Augmentation;
using wg::data::Batch;
using wg::data::BatchLoader;

namespace {

Batch batch_of(const wg::Tensor& x) {
  Batch batch;
  batch.inputs = batch.targets = x;
  batch.indices = wg::arange(x.shape()[0], wg::i64);
  return batch;
}

}  // namespace

TEST_CASE("noise has the deviation asked for and leaves targets alone", "[data]") {
  const wg::DType dtype = GENERATE(wg::f32, wg::f64);
  const wg::Tensor x = wg::full({100, 100}, 3.0, dtype);
  wg::Rng rng{1};
  const Batch noisy = wg::data::noise(0.5)(batch_of(x), rng);
  CHECK(noisy.targets.address() == x.address());
  const wg::Tensor y = noisy.inputs.to(wg::f64);
  double mean = 0.0, square = 0.0;
  for (const double value : y.data<double>()) {
    mean += (value - 3.0) / 1e4;
    square += (value - 3.0) * (value - 3.0) / 1e4;
  }
  CHECK(std::abs(mean) < 4.0 * 0.5 / 100.0);
  CHECK(square == Approx(0.25).margin(4.0 * 0.25 * std::sqrt(2.0) / 100.0));
  CHECK(same_bits(x, wg::full({100, 100}, 3.0, dtype)));
}

TEST_CASE("noise is a function of the batch and the Rng", "[data]") {
  const Augmentation noise = wg::data::noise(1.0);
  wg::Rng one{1}, same{1};
  const wg::Tensor first = noise(batch_of(wg::zeros({3, 2})), one).inputs;
  CHECK(same_bits(noise(batch_of(wg::zeros({3, 2})), same).inputs, first));
  CHECK(!same_bits(noise(batch_of(wg::zeros({3, 2})), one).inputs, first));
}

TEST_CASE("padding gets no noise", "[data]") {
  const BatchLoader loader{wg::data::sequences({wg::zeros({1, 2}), wg::zeros({3, 2})}),
                           {.batch = 2, .shuffle = false, .augment = {wg::data::noise(1.0)}}};
  const Batch batch = loader.epoch(0)[0];
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t t = 0; t < 3; ++t)
      CHECK((batch.inputs.at({i, t, 1}) != 0.0) == (batch.mask.at({i, t}) == 1.0));
}

TEST_CASE("a shift moves every pixel of an image alike and brings in 0", "[data]") {
  // Pixel (y, x) of 4 x 5 holds 10 (y + 1) + x + 1, so that it tells where it came from.
  wg::Tensor image = wg::zeros({1, 20});
  for (std::size_t i = 0; i < 20; ++i)
    image.mutable_data<float>()[i] = static_cast<float>(10 * (i / 5 + 1) + i % 5 + 1);
  const Augmentation shift = wg::data::shift(4, 5, 2);
  wg::Rng rng{1};
  std::set<std::pair<int, int>> moves;
  for (int trial = 0; trial < 1000; ++trial) {
    const wg::Tensor moved = shift(batch_of(image), rng).inputs;
    // The middle of the image stays inside whatever the move.
    int down = 9, across = 9;
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 5; ++x) {
        const int value = static_cast<int>(moved.at({0, 5 * y + x}));
        if (value == 0) continue;
        if (down == 9) {
          down = y - (value / 10 - 1);
          across = x - (value % 10 - 1);
        }
        if (down != y - (value / 10 - 1) || across != x - (value % 10 - 1))
          FAIL("pixels moved apart");
      }
    int inside = 0;
    for (const float value : moved.data<float>()) inside += value != 0.0F ? 1 : 0;
    if (inside != (4 - std::abs(down)) * (5 - std::abs(across))) FAIL("pixels lost or doubled");
    moves.insert({down, across});
  }
  CHECK(moves.size() == 25);
}

TEST_CASE("a shift moves images one by one, in any shape, planes together", "[data]") {
  wg::Rng rng{1};
  const wg::Tensor images = wg::ones({200, 2, 3, 3}, wg::f64);
  const wg::Tensor moved = wg::data::shift(3, 3, 1)(batch_of(images), rng).inputs;
  REQUIRE(moved.shape() == images.shape());
  std::set<double> sums;
  for (std::size_t i = 0; i < 200; ++i) {
    const wg::Tensor image = moved[i];
    CHECK(same_bits(image[0], image[1]));
    double sum = 0.0;
    const wg::Tensor plane = image[0];
    for (const double value : plane.data<double>()) sum += value;
    sums.insert(sum);
  }
  CHECK(sums == std::set<double>{4.0, 6.0, 9.0});
}

TEST_CASE("targets that are the inputs move with them, labels stay", "[data]") {
  wg::Rng rng{1};
  Batch images = wg::data::shift(2, 2, 1)(batch_of(wg::ones({10, 4})), rng);
  CHECK(images.targets.address() == images.inputs.address());
  Batch labelled = batch_of(wg::ones({10, 4}));
  labelled.targets = wg::arange(10, wg::i64);
  CHECK(same_bits(wg::data::shift(2, 2, 1)(labelled, rng).targets, wg::arange(10, wg::i64)));
}

TEST_CASE("augmentations follow one another in the order given", "[data]") {
  const auto add = [](Batch batch, wg::Rng&) {
    batch.inputs = wg::full(batch.inputs.shape(), batch.inputs.at({0, 0}) + 1.0);
    return batch;
  };
  const auto twice = [](Batch batch, wg::Rng&) {
    batch.inputs = wg::full(batch.inputs.shape(), batch.inputs.at({0, 0}) * 2.0);
    return batch;
  };
  const BatchLoader loader{wg::ones({1, 1}), {.augment = {add, twice}}};
  CHECK(loader.epoch(0)[0].inputs.at({0, 0}) == 4.0);
}

TEST_CASE("augmentations refuse what they cannot change", "[data]") {
  wg::Rng rng{1};
  CHECK_THROWS_AS(wg::data::noise(-1.0), wg::ValueError);
  CHECK_THROWS_AS(wg::data::noise(std::nan("")), wg::ValueError);
  CHECK_THROWS_AS(wg::data::noise(1.0)(batch_of(wg::labels({1})), rng), wg::DTypeError);
  CHECK_THROWS_WITH(wg::data::shift(8, 2, 2),
                    ContainsSubstring("8 x 2 cannot be moved by up to 2"));
  CHECK_THROWS_AS(wg::data::shift(0, 0, 0), wg::ValueError);
  CHECK_THROWS_WITH(wg::data::shift(3, 3, 1)(batch_of(wg::zeros({2, 8})), rng),
                    ContainsSubstring("images of 3 x 3 are rows of 9 elements, got [2, 8]"));
  CHECK_THROWS_AS(wg::data::shift(3, 3, 1)(batch_of(wg::zeros({9})), rng), wg::ShapeError);
}
