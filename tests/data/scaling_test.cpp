// SPDX-License-Identifier: MIT
// Standardising and scaling to a range.
#include <cmath>
#include <limits>
#include <vector>

#include <wengert/data/scaling.h>
#include <wengert/graph/error.h>
#include <wengert/graph/rng.h>

#include "../catch.h"
#include "../same_bits.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using wg::data::MinMax;
using wg::data::Standardizer;

namespace {

double largest_difference(const wg::Tensor& a, const wg::Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  const wg::Tensor x = a.to(wg::f64), y = b.to(wg::f64);
  double worst = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i)
    worst = std::max(worst, std::abs(x.data<double>()[i] - y.data<double>()[i]));
  return worst;
}

}  // namespace

TEST_CASE("standardising subtracts the mean and divides by the deviation of each feature",
          "[data]") {
  const wg::Tensor x = wg::matrix({{1, 10}, {2, 10}, {3, 40}, {6, 20}}, wg::f64);
  const Standardizer scale{x};
  CHECK(same_bits(scale.mean(), wg::tensor({3, 20}, wg::f64)));
  CHECK(largest_difference(scale.deviation(),
                           wg::tensor({std::sqrt(3.5), std::sqrt(150.0)}, wg::f64)) < 1e-14);
  const wg::Tensor y = scale.apply(x);
  CHECK(y.at({3, 0}) == Approx(3.0 / std::sqrt(3.5)));
  CHECK(y.at({0, 1}) == Approx(-10.0 / std::sqrt(150.0)));
  CHECK(scale.constant().empty());
}

TEST_CASE("standardised data have mean 0 and deviation 1, and undo gives them back", "[data]") {
  const wg::DType dtype = GENERATE(wg::f32, wg::f64);
  const wg::Tensor x = wg::Rng{1}.uniform({100, 3, 2}, -5.0, 20.0, dtype);
  const Standardizer scale{x};
  CHECK(scale.mean().shape() == wg::Shape{3, 2});
  const wg::Tensor y = scale.apply(x);
  CHECK(y.dtype() == dtype);
  const Standardizer again{y};
  const double rounding = dtype == wg::f32 ? 1e-6 : 1e-14;
  CHECK(largest_difference(again.mean(), wg::zeros({3, 2}, wg::f64)) < rounding);
  CHECK(largest_difference(again.deviation(), wg::ones({3, 2}, wg::f64)) < rounding);
  CHECK(largest_difference(scale.undo(y), x) < 20.0 * rounding);
}

TEST_CASE("one mean and deviation for all elements", "[data]") {
  const wg::Tensor x = wg::matrix({{0, 4}, {8, 4}});
  const Standardizer scale{x, {.global = true}};
  CHECK(scale.mean().item() == 4.0);
  CHECK(scale.deviation().item() == Approx(std::sqrt(8.0)));
  CHECK(scale.apply(wg::tensor({4, 4, 4})).at({1}) == 0.0);
}

TEST_CASE("a constant feature becomes 0 and is named", "[data]") {
  const double third = 1.0 / 3.0;
  const wg::Tensor x = wg::matrix({{1, third, 5}, {2, third, 5}, {4, third, 5}}, wg::f64);
  const Standardizer scale{x};
  CHECK(scale.constant() == std::vector<std::size_t>{1, 2});
  CHECK(scale.deviation().at({1}) == 1.0);
  const wg::Tensor y = scale.apply(wg::matrix({{1, third, 7}}, wg::f64));
  CHECK(y.at({0, 1}) == 0.0);
  CHECK(y.at({0, 2}) == 2.0);
  CHECK(scale.undo(y).at({0, 2}) == 7.0);
}

TEST_CASE("digits below a large mean are not lost", "[data]") {
  const wg::Tensor x = wg::tensor({1e12 + 1, 1e12 + 2, 1e12 + 3}, wg::f64);
  const Standardizer scale{x};
  CHECK(scale.mean().item() == 1e12 + 2);
  CHECK(scale.deviation().item() == Approx(std::sqrt(2.0 / 3.0)).epsilon(1e-12));
}

TEST_CASE("what was fitted on a series applies to its windows", "[data]") {
  const wg::Tensor series = wg::Rng{1}.normal({20, 2}, wg::f64);
  const Standardizer scale{series};
  const wg::Tensor windows = series.rows(0, 12).reshape({3, 4, 2});
  CHECK(same_bits(scale.apply(windows), scale.apply(series).rows(0, 12).reshape({3, 4, 2})));
  CHECK_THROWS_WITH(scale.apply(wg::zeros({3, 4})),
                    ContainsSubstring("fitted on samples of [2], which the last axes of [3, 4]"));
  CHECK_THROWS_AS(scale.undo(wg::zeros({})), wg::ShapeError);
}

TEST_CASE("scaling refuses data without numbers to learn from", "[data]") {
  const double nan = std::nan("");
  CHECK_THROWS_WITH(Standardizer{wg::matrix({{1, 2}, {3, nan}})},
                    ContainsSubstring("row 1, feature 1 is nan"));
  CHECK_THROWS_AS((Standardizer{wg::matrix({{1, 2}, {3, nan}}), {.global = true}}), wg::ValueError);
  CHECK_THROWS_AS(Standardizer{wg::zeros({0, 3})}, wg::ValueError);
  CHECK_THROWS_AS(Standardizer{wg::scalar(1.0)}, wg::ValueError);
  CHECK_THROWS_AS(Standardizer{wg::labels({1, 2})}, wg::DTypeError);
  CHECK_THROWS_AS(Standardizer{wg::zeros({2})}.apply(wg::labels({1})), wg::DTypeError);
  CHECK_THROWS_WITH(Standardizer{wg::tensor({-1e300, 1e300}, wg::f64)},
                    ContainsSubstring("feature 0 are too far apart"));
  CHECK_THROWS_AS(MinMax{wg::tensor({-1.7e308, 1.7e308}, wg::f64)}, wg::ValueError);
  CHECK_THROWS_AS(MinMax{wg::tensor({1, std::numeric_limits<double>::infinity()})}, wg::ValueError);
}

TEST_CASE("min-max maps the smallest to low and the largest to high", "[data]") {
  const wg::Tensor x = wg::matrix({{1, -2}, {3, 2}, {2, 0}}, wg::f64);
  CHECK(same_bits(MinMax{x}.apply(x), wg::matrix({{0, 0}, {1, 1}, {0.5, 0.5}}, wg::f64)));
  const MinMax scale{x, {.low = -1.0, .high = 1.0}};
  const wg::Tensor y = scale.apply(x);
  CHECK(same_bits(y, wg::matrix({{-1, -1}, {1, 1}, {0, 0}}, wg::f64)));
  CHECK(same_bits(scale.undo(y), x));
  CHECK(scale.apply(wg::matrix({{5, 4}}, wg::f64)).at({0, 0}) == 3.0);
  CHECK((MinMax{x, {.global = true}}.apply(x).at({0, 0})) == Approx(0.6));
}

TEST_CASE("min-max leaves a constant feature at low", "[data]") {
  const MinMax scale{wg::matrix({{1, 7}, {2, 7}})};
  CHECK(scale.constant() == std::vector<std::size_t>{1});
  CHECK(same_bits(scale.apply(wg::matrix({{1, 7}})), wg::matrix({{0, 0}})));
}

TEST_CASE("min-max refuses a range that is none", "[data]") {
  const wg::Tensor x = wg::tensor({1, 2});
  CHECK_THROWS_WITH((MinMax{x, {.low = 1.0, .high = 1.0}}), ContainsSubstring("low 1, high 1"));
  CHECK_THROWS_AS((MinMax{x, {.low = std::nan("")}}), wg::ValueError);
}
