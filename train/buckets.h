// SPDX-License-Identifier: MIT
// A tensor's elements counted into buckets of equal width. How they are stored or drawn is left to
// others.
#pragma once

#include <cstddef>
#include <vector>

#include "../graph/tensor.h"

namespace wengert::detail {

struct Buckets {
  double smallest = 0.0, largest = 0.0;  ///< of the finite elements; 0 if there are none
  double sum = 0.0, sum_of_squares = 0.0;
  std::size_t finite = 0, non_finite = 0;
  std::vector<double> right_edges;  ///< the last is `largest`
  std::vector<std::size_t> counts;  ///< of [left, right), the last with its right edge
};

/// One bucket if all finite elements are equal, none if there are none.
Buckets buckets(const Tensor& values, std::size_t count);

}  // namespace wengert::detail
