// SPDX-License-Identifier: MIT
// Parts of a data set: nothing is lost, nothing is in two of them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include <wengert/data/split.h>
#include <wengert/graph/error.h>

#include "../catch.h"
#include "../same_bits.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using wg::data::Dataset;
using wg::data::FoldOptions;
using wg::data::Folds;
using wg::data::Split;
using wg::data::SplitOptions;

namespace {

/// Inputs number the samples; targets are classes of the given sizes, in order.
Dataset classes_of(const std::vector<std::size_t>& sizes) {
  std::vector<std::int64_t> labels;
  for (std::size_t c = 0; c < sizes.size(); ++c)
    labels.insert(labels.end(), sizes[c], static_cast<std::int64_t>(c));
  return {wg::arange(labels.size(), wg::f64), wg::labels(labels)};
}

std::vector<double> samples(const std::vector<Dataset>& parts) {
  std::vector<double> all;
  for (const Dataset& part : parts) {
    const auto values = part.inputs.data<double>();
    all.insert(all.end(), values.begin(), values.end());
  }
  std::ranges::sort(all);
  return all;
}

bool is_each_once(const std::vector<double>& sorted, std::size_t n) {
  if (sorted.size() != n) return false;
  for (std::size_t i = 0; i < n; ++i)
    if (sorted[i] != static_cast<double>(i)) return false;
  return true;
}

std::map<std::int64_t, double> class_counts(const Dataset& part) {
  std::map<std::int64_t, double> counts;
  for (const std::int64_t label : part.targets.data<std::int64_t>()) counts[label] += 1.0;
  return counts;
}

bool is_shuffled(const Dataset& part) {
  const auto values = part.inputs.data<double>();
  return !std::ranges::is_sorted(values);
}

}  // namespace

TEST_CASE("a split puts every sample into one part, with its target", "[data]") {
  wg::Rng rng{1};
  const Dataset all(wg::arange(103, wg::f64), wg::arange(103, wg::i64));
  const auto [train, validation, test] =
      wg::data::split(all, {.validation = 0.1, .test = 0.2}, rng);
  CHECK(train.size() == 72);
  CHECK(validation.size() == 10);
  CHECK(test.size() == 21);
  CHECK(is_each_once(samples({train, validation, test}), 103));
  for (const Dataset& part : {train, validation, test}) {
    CHECK(is_shuffled(part));
    CHECK(same_bits(part.inputs, part.targets.to(wg::f64)));
  }
}

TEST_CASE("a split depends on its Rng, and moves it on", "[data]") {
  const Dataset all = wg::arange(50, wg::f64);
  wg::Rng rng{1}, same{1};
  const Split first = wg::data::split(all, {.test = 0.5}, rng);
  CHECK(same_bits(wg::data::split(all, {.test = 0.5}, same).test.inputs, first.test.inputs));
  CHECK(!same_bits(wg::data::split(all, {.test = 0.5}, rng).test.inputs, first.test.inputs));
}

TEST_CASE("a part that was given no share is empty, and an autoencoder stays one", "[data]") {
  wg::Rng rng{1};
  const Split parts = wg::data::split(wg::arange(10), {.test = 0.3}, rng);
  CHECK(parts.validation.empty());
  CHECK(parts.train.size() == 7);
  CHECK(parts.train.targets_are_inputs());
}

TEST_CASE("a split refuses shares that make no sense", "[data]") {
  wg::Rng rng{1};
  const Dataset all = wg::zeros({10, 2});
  CHECK_THROWS_WITH(wg::data::split(all, {.test = 1.5}, rng),
                    ContainsSubstring("in [0, 1]: validation 0, test 1.5"));
  CHECK_THROWS_AS(wg::data::split(all, {.validation = -0.1}, rng), wg::ValueError);
  CHECK_THROWS_AS(wg::data::split(all, {.validation = std::nan("")}, rng), wg::ValueError);
  CHECK_THROWS_WITH(wg::data::split(all, {.validation = 0.5, .test = 0.5}, rng),
                    ContainsSubstring("leave nothing to train on"));
  CHECK_THROWS_AS(wg::data::split(all, {.test = 1.0}, rng), wg::ValueError);
  CHECK_THROWS_WITH(wg::data::split(all, {.validation = 0.01}, rng),
                    ContainsSubstring("validation gets no sample: a share of 0.01 of 10"));
  CHECK_THROWS_WITH(wg::data::split(all, {.test = 0.99}, rng),
                    ContainsSubstring("training gets no sample"));
  CHECK_THROWS_AS(wg::data::split(Dataset{}, {.test = 0.5}, rng), wg::ValueError);
  CHECK_THROWS_AS(wg::data::stratified_split(classes_of({10}), {.test = 2.0}, rng), wg::ValueError);
  CHECK(rng == wg::Rng{1});
}

TEST_CASE("a stratified split keeps the share of each class within one sample", "[data]") {
  wg::Rng rng{GENERATE(1U, 2U, 3U)};
  const auto sizes =
      GENERATE(std::vector<std::size_t>{50, 30, 20}, std::vector<std::size_t>{7, 1, 13, 2, 99},
               std::vector<std::size_t>(40, 3), std::vector<std::size_t>(200, 1));
  const auto options =
      GENERATE(SplitOptions{.validation = 0.1, .test = 0.2},
               SplitOptions{.validation = 1.0 / 3, .test = 1.0 / 3}, SplitOptions{.test = 0.37});
  const Dataset all = classes_of(sizes);
  const Split parts = wg::data::stratified_split(all, options, rng);
  CHECK(is_each_once(samples({parts.train, parts.validation, parts.test}), all.size()));
  CHECK(is_shuffled(parts.train));
  const auto within_one = [&](const Dataset& part, double share) {
    auto counts = class_counts(part);
    for (std::size_t c = 0; c < sizes.size(); ++c)
      if (std::abs(counts[static_cast<std::int64_t>(c)] - share * static_cast<double>(sizes[c])) >=
          1.0)
        return false;
    // Rounding the classes must not add up.
    return std::abs(static_cast<double>(part.size()) - share * static_cast<double>(all.size())) <
           2.0;
  };
  CHECK(within_one(parts.train, 1.0 - options.validation - options.test));
  CHECK(within_one(parts.validation, options.validation));
  CHECK(within_one(parts.test, options.test));
}

TEST_CASE("stratification needs labels", "[data]") {
  wg::Rng rng{1};
  CHECK_THROWS_WITH(wg::data::stratified_split(wg::zeros({10}), {.test = 0.5}, rng),
                    ContainsSubstring("takes class labels i64 [n] as targets, got f32"));
  const Dataset matrix(wg::zeros({4}), wg::zeros({4, 2}, wg::i64));
  CHECK_THROWS_AS(wg::data::stratified_split(matrix, {.test = 0.5}, rng), wg::ShapeError);
  CHECK_THROWS_AS(wg::data::k_fold(wg::zeros({10}), 2, rng, {.stratified = true}), wg::DTypeError);
}

TEST_CASE("k-fold sets each sample aside exactly once", "[data]") {
  wg::Rng rng{1};
  const bool stratified = GENERATE(true, false);
  const Dataset all = classes_of({11, 5, 7});
  const Folds folds = wg::data::k_fold(all, 4, rng, {.stratified = stratified});
  REQUIRE(folds.size() == 4);
  std::vector<Dataset> aside;
  for (const auto& [train, validation] : folds) {
    CHECK(is_each_once(samples({train, validation}), 23));
    CHECK((validation.size() == 5 || validation.size() == 6));
    aside.push_back(validation);
  }
  CHECK(is_each_once(samples(aside), 23));
}

TEST_CASE("stratified folds share out each class within one sample", "[data]") {
  wg::Rng rng{1};
  const std::vector<std::size_t> sizes{11, 2, 40, 7};
  const Folds folds = wg::data::k_fold(classes_of(sizes), 5, rng, {.stratified = true});
  for (const auto& [train, validation] : folds) {
    auto counts = class_counts(validation);
    for (std::size_t c = 0; c < sizes.size(); ++c)
      CHECK(std::abs(counts[static_cast<std::int64_t>(c)] - static_cast<double>(sizes[c]) / 5.0) <
            1.0);
  }
}

TEST_CASE("validation indices put predictions back where they belong", "[data]") {
  wg::Rng rng{1};
  const Dataset all = wg::arange(10, wg::f64);
  const Folds folds = wg::data::k_fold(all, 3, rng);
  for (std::size_t i = 0; i < folds.size(); ++i)
    CHECK(same_bits(folds[i].validation.inputs, folds.validation_indices(i).to(wg::f64)));
}

TEST_CASE("k-fold refuses a k that leaves a fold empty or nothing to train on", "[data]") {
  wg::Rng rng{1};
  const Dataset all = wg::zeros({5});
  CHECK_THROWS_WITH(wg::data::k_fold(all, 6, rng), ContainsSubstring("k 6, samples 5"));
  CHECK_THROWS_AS(wg::data::k_fold(all, 1, rng), wg::ValueError);
  CHECK_THROWS_AS(wg::data::k_fold(all, 0, rng), wg::ValueError);
  CHECK_THROWS_AS(wg::data::k_fold(Dataset{}, 2, rng), wg::ValueError);
  CHECK(wg::data::k_fold(all, 5, rng).size() == 5);
  CHECK_THROWS_AS(wg::data::k_fold(all, 5, rng)[5], wg::ValueError);
}
