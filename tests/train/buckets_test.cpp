// SPDX-License-Identifier: MIT
// Counting into buckets.
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <wengert/graph/rng.h>
#include <wengert/train/buckets.h>

#include "../catch.h"

namespace wg = wengert;
using wg::detail::Buckets;
using Counts = std::vector<std::size_t>;

TEST_CASE("elements are counted into buckets of equal width", "[tensorboard]") {
  const Buckets b = wg::detail::buckets(wg::tensor({0, 0.5, 1, 1.5, 2, 3.5, 4}), 4);
  CHECK(b.right_edges == std::vector<double>{1, 2, 3, 4});
  CHECK(b.counts == Counts{2, 2, 1, 2});
  CHECK(b.sum == 12.5);
  CHECK(b.sum_of_squares == 35.75);
  CHECK((b.smallest == 0.0 && b.largest == 4.0));
}

TEST_CASE("every finite element is in one bucket", "[tensorboard]") {
  const wg::Tensor x = wg::Rng{1}.normal({10000});
  const Buckets b = wg::detail::buckets(x, 30);
  CHECK(b.counts.size() == 30);
  CHECK(std::accumulate(b.counts.begin(), b.counts.end(), std::size_t{0}) == 10000);
  CHECK(b.right_edges.back() == b.largest);
}

TEST_CASE("equal elements are one bucket, of any size", "[tensorboard]") {
  const double value = GENERATE(0.0, -3.0, 5e-324, 1.7e308);
  const Buckets b = wg::detail::buckets(wg::full({5}, value, wg::f64), 30);
  CHECK(b.counts == Counts{5});
  CHECK(b.right_edges == std::vector<double>{value});
}

TEST_CASE("elements at the ends of the doubles have finite edges", "[tensorboard]") {
  const double largest = std::numeric_limits<double>::max();
  const Buckets b = wg::detail::buckets(wg::tensor({-largest, 0, largest}, wg::f64), 2);
  CHECK(b.right_edges == std::vector<double>{0.0, largest});
  CHECK(b.counts == Counts{1, 2});
}

TEST_CASE("what is not finite is counted by itself", "[tensorboard]") {
  const double infinity = std::numeric_limits<double>::infinity();
  const Buckets b = wg::detail::buckets(wg::tensor({1, infinity, std::nan(""), 2, -infinity}), 2);
  CHECK(b.non_finite == 3);
  CHECK(b.finite == 2);
  CHECK(b.counts == Counts{1, 1});
  CHECK(wg::detail::buckets(wg::tensor({infinity}), 2).counts.empty());
}
