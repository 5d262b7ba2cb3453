// SPDX-License-Identifier: MIT
// What a batch's targets look like, and a summary of its numbers. For advise.
#pragma once

#include <cstddef>
#include <string>

#include "../graph/tensor.h"

namespace wengert::detail {

/// Of the finite elements; `stray` is where the first that is not finite stands, as "nan at [3,
/// 1]".
struct Numbers {
  std::size_t count = 0;
  double low = 0;
  double high = 0;
  double mean = 0;
  double deviation = 0;
  bool whole = true;  ///< all are integers
  std::string stray;
};
Numbers numbers_of(const Tensor& x);

enum class TargetKind {
  labels,         ///< i64
  one_hot,        ///< rows with a single 1 and else 0, of two columns or more
  distributions,  ///< rows in [0, 1] that add up to 1
  binary,         ///< 0 and 1
  signs,          ///< -1 and 1
  shares,         ///< in [0, 1], such as grey values
  counts,         ///< integers from 0 on
  numbers,        ///< anything else
};
TargetKind kind_of(const Tensor& targets, const Numbers& numbers);
/// "one-hot targets"
std::string described(TargetKind kind);

/// Largest |sum of a row - 1| over the last axis.
double row_sum_error(const Tensor& x);

}  // namespace wengert::detail
