// SPDX-License-Identifier: MIT
#include "buckets.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace wengert::detail {

Buckets buckets(const Tensor& values, std::size_t count) {
  const Tensor wide = values.to(f64);
  const std::span<const double> elements = wide.data<double>();
  Buckets result;
  for (const double x : elements) {
    if (!std::isfinite(x)) {
      ++result.non_finite;
      continue;
    }
    result.smallest = result.finite == 0 ? x : std::min(result.smallest, x);
    result.largest = result.finite == 0 ? x : std::max(result.largest, x);
    ++result.finite;
    result.sum += x;
    result.sum_of_squares += x * x;
  }
  if (result.finite == 0) return result;

  // Halves, because the whole width may overflow.
  const double half_width = result.largest / 2.0 - result.smallest / 2.0;
  if (half_width == 0.0) count = 1;
  const auto buckets = static_cast<double>(count);
  for (std::size_t i = 1; i < count; ++i)
    result.right_edges.push_back(result.smallest +
                                 2.0 * (half_width * (static_cast<double>(i) / buckets)));
  result.right_edges.push_back(result.largest);
  result.counts.assign(count, 0);
  for (const double x : elements) {
    if (!std::isfinite(x)) continue;
    // By the edges themselves, so that what is counted and what is drawn agree.
    const auto edge = std::upper_bound(result.right_edges.begin(), result.right_edges.end() - 1, x);
    ++result.counts[static_cast<std::size_t>(edge - result.right_edges.begin())];
  }
  return result;
}

}  // namespace wengert::detail
