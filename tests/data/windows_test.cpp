// SPDX-License-Identifier: MIT
// Windows over a series, and splitting it without looking ahead.
#include <algorithm>
#include <vector>

#include <wengert/data/windows.h>
#include <wengert/graph/error.h>

#include "../catch.h"
#include "../same_bits.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using wg::data::Dataset;

namespace {

double largest(const Dataset& part) {
  const auto x = part.targets.data<double>();
  return *std::ranges::max_element(x);
}
double smallest(const Dataset& part) {
  const auto x = part.inputs.data<double>();
  return *std::ranges::min_element(x);
}

}  // namespace

TEST_CASE("a window is followed by its targets", "[data]") {
  const Dataset all = wg::data::windows(wg::arange(6), {.length = 3, .horizon = 2});
  CHECK(same_bits(all.inputs, wg::matrix({{0, 1, 2}, {1, 2, 3}})));
  CHECK(same_bits(all.targets, wg::matrix({{3, 4}, {4, 5}})));
}

TEST_CASE("windows keep the axes of the series", "[data]") {
  const wg::Tensor series = wg::arange(20, wg::f64).reshape({10, 2});
  const Dataset all = wg::data::windows(series, {.length = 4, .horizon = 1, .stride = 3});
  CHECK(all.inputs.shape() == wg::Shape{2, 4, 2});
  CHECK(all.targets.shape() == wg::Shape{2, 1, 2});
  CHECK(all.inputs.at({1, 0, 1}) == 7.0);
  CHECK(all.targets.at({1, 0, 0}) == 14.0);
}

TEST_CASE("as many windows as fit, and not one more", "[data]") {
  const auto count = [](std::size_t n, std::size_t stride) {
    return wg::data::windows(wg::arange(n), {.length = 3, .horizon = 2, .stride = stride}).size();
  };
  CHECK(count(5, 1) == 1);
  CHECK(count(10, 1) == 6);
  CHECK(count(10, 5) == 2);
  CHECK(count(9, 5) == 1);
}

TEST_CASE("windows refuse a series that is too short and options of 0", "[data]") {
  const wg::Tensor series = wg::arange(5);
  CHECK_THROWS_WITH(wg::data::windows(series, {.length = 5}),
                    ContainsSubstring("5 steps is too short for one window: length 5 and horizon"));
  CHECK_THROWS_AS(wg::data::windows(series, {.length = static_cast<std::size_t>(-1)}),
                  wg::ValueError);
  CHECK_THROWS_AS(wg::data::windows(series, {}), wg::ValueError);
  CHECK_THROWS_AS(wg::data::windows(series, {.length = 2, .horizon = 0}), wg::ValueError);
  CHECK_THROWS_AS(wg::data::windows(series, {.length = 2, .stride = 0}), wg::ValueError);
  CHECK_THROWS_AS(wg::data::windows(wg::scalar(1.0), {.length = 1}), wg::ShapeError);
}

TEST_CASE("a series splits into what was first, then and last", "[data]") {
  const wg::Tensor series = wg::arange(10);
  const auto [train, validation, test] =
      wg::data::split_in_time(series, {.validation = 0.2, .test = 0.3});
  CHECK(same_bits(train, wg::tensor({0, 1, 2, 3, 4})));
  CHECK(same_bits(validation, wg::tensor({5, 6})));
  CHECK(same_bits(test, wg::tensor({7, 8, 9})));
  CHECK(test.shares_memory_with(series));
  CHECK_THROWS_AS(wg::data::split_in_time(series, {.test = 1.0}), wg::ValueError);
  CHECK_THROWS_AS(wg::data::split_in_time(wg::scalar(1.0), {.test = 0.1}), wg::ShapeError);
}

TEST_CASE("no training window sees what validation or test see or predict", "[data]") {
  const auto [train, validation, test] =
      wg::data::split_in_time(wg::arange(100, wg::f64), {.validation = 0.2, .test = 0.2},
                              {.length = 5, .horizon = 3, .stride = 2});
  CHECK(largest(train) < smallest(validation));
  CHECK(largest(validation) < smallest(test));
  CHECK(smallest(validation) == 60.0);
  CHECK(largest(test) == 99.0);
  CHECK(validation.size() == 7);
}

TEST_CASE("a part that is too short for a window is named", "[data]") {
  const wg::Tensor series = wg::arange(100);
  CHECK_THROWS_WITH(wg::data::split_in_time(series, {.test = 0.05}, {.length = 5}),
                    ContainsSubstring("the test part of 5 steps is too short"));
  CHECK(wg::data::split_in_time(series, {.test = 0.1}, {.length = 5}).validation.empty());
}
