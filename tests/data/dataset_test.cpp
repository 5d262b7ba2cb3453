// SPDX-License-Identifier: MIT
// Inputs, targets and weights that stay in step.
#include <cmath>
#include <cstddef>
#include <utility>

#include <wengert/data/dataset.h>
#include <wengert/graph/error.h>
#include <wengert/graph/rng.h>

#include "../catch.h"
#include "../same_bits.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using wg::data::Dataset;

namespace {

std::size_t samples_of(const Dataset& dataset) { return dataset.size(); }

}  // namespace

TEST_CASE("a tensor is an autoencoder's data set whose targets are its inputs", "[data]") {
  const wg::Tensor images = wg::Rng{1}.normal({6, 4});
  CHECK(samples_of(images) == 6);
  const Dataset dataset = images;
  CHECK(dataset.targets_are_inputs());
  CHECK(dataset.inputs.address() == images.address());
  CHECK(!dataset.weights.defined());
}

TEST_CASE("inputs and targets in braces are a data set", "[data]") {
  const wg::Tensor x = wg::zeros({3, 2});
  CHECK(samples_of({x, wg::labels({1, 0, 2})}) == 3);
  CHECK(!Dataset(x, wg::labels({1, 0, 2})).targets_are_inputs());
  CHECK(!Dataset(x, wg::zeros({3, 2})).targets_are_inputs());
  CHECK(!Dataset(x, x.reshape({3, 1, 2})).targets_are_inputs());
  CHECK(Dataset{}.empty());
}

TEST_CASE("a data set refuses targets of another number of samples", "[data]") {
  CHECK_THROWS_AS(Dataset(wg::zeros({3, 2}), wg::zeros({4, 2})), wg::ShapeError);
  CHECK_THROWS_WITH(Dataset(wg::zeros({3, 2}), wg::labels({1, 2})),
                    ContainsSubstring("inputs [3, 2] have 3, targets [2] have 2"));
  CHECK_THROWS_AS(Dataset(wg::scalar(1.0)), wg::ShapeError);
  CHECK_THROWS_AS(Dataset(wg::zeros({3}), wg::scalar(1.0)), wg::ShapeError);
  CHECK_THROWS_AS(Dataset(wg::Tensor{}), wg::ValueError);
}

TEST_CASE("a data set refuses weights that are not one finite number a sample", "[data]") {
  const wg::Tensor x = wg::zeros({3, 2});
  CHECK_THROWS_WITH(Dataset(x, x, wg::ones({2})), ContainsSubstring("weights are [2]"));
  CHECK_THROWS_AS(Dataset(x, x, wg::ones({3, 1})), wg::ShapeError);
  CHECK_THROWS_AS(Dataset(x, x, wg::labels({1, 1, 1})), wg::DTypeError);
  CHECK_THROWS_WITH(Dataset(x, x, wg::tensor({1, 2, std::nan("")})),
                    ContainsSubstring("weight 2 is nan"));
  CHECK(Dataset(x, x, wg::tensor({1, -2, 0})).weights.size() == 3);
}

TEST_CASE("check finds a member that was changed by hand", "[data]") {
  Dataset dataset(wg::zeros({3, 2}), wg::zeros({3}));
  CHECK_NOTHROW(dataset.check());
  dataset.targets = wg::zeros({2});
  CHECK_THROWS_AS(dataset.check(), wg::ShapeError);
  dataset.targets = wg::zeros({3});
  dataset.lengths = wg::labels({1, 2, 3});
  CHECK_THROWS_WITH(dataset.check(), ContainsSubstring("length 3 of sequence 2 is outside [1, 2]"));
}

TEST_CASE("rows of a data set share its memory", "[data]") {
  wg::Rng rng{1};
  const Dataset all(rng.normal({5, 2}), wg::labels({0, 1, 2, 3, 4}), wg::ones({5}));
  const Dataset part = all.rows(1, 4);
  CHECK(part.size() == 3);
  CHECK(part.inputs.shares_memory_with(all.inputs));
  CHECK(part.targets.at({0}) == 1.0);
  CHECK(part.weights.shape() == wg::Shape{3});
  CHECK(all.rows(2, 2).empty());
  CHECK_THROWS_AS(all.rows(3, 6), wg::ShapeError);
  const Dataset images = all.inputs;
  CHECK(images.rows(1, 3).targets_are_inputs());
}

TEST_CASE("take keeps inputs, targets and weights together", "[data]") {
  const Dataset all(wg::matrix({{0, 1}, {2, 3}, {4, 5}}), wg::labels({7, 8, 9}),
                    wg::tensor({1, 2, 3}, wg::f64));
  const Dataset part = all.take(wg::labels({2, 0, 2, 1}));
  CHECK(same_bits(part.inputs, wg::matrix({{4, 5}, {0, 1}, {4, 5}, {2, 3}})));
  CHECK(same_bits(part.targets, wg::labels({9, 7, 9, 8})));
  CHECK(same_bits(part.weights, wg::tensor({3, 1, 3, 2}, wg::f64)));
  CHECK(all.take(wg::labels({})).inputs.shape() == wg::Shape{0, 2});
}

TEST_CASE("take copies inputs that are their own targets once", "[data]") {
  const Dataset images = wg::zeros({3, 2});
  CHECK(images.take(wg::labels({1, 0})).targets_are_inputs());
}

TEST_CASE("take refuses what is no index", "[data]") {
  const Dataset all = wg::zeros({3, 2});
  CHECK_THROWS_WITH(all.take(wg::labels({0, 3})),
                    ContainsSubstring("index 3 at 1 is outside [0, 3)"));
  CHECK_THROWS_AS(all.take(wg::labels({-1})), wg::ValueError);
  CHECK_THROWS_AS(all.take(wg::tensor({0, 1})), wg::DTypeError);
  CHECK_THROWS_AS(all.take(wg::labels({0, 1}).reshape({2, 1})), wg::ShapeError);
}
