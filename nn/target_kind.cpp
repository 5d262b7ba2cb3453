// SPDX-License-Identifier: MIT
#include "target_kind.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "loss_parts.h"

namespace wengert::detail {

Numbers numbers_of(const Tensor& x) {
  Numbers result;
  result.low = std::numeric_limits<double>::infinity();
  result.high = -result.low;
  dispatch(x.dtype(), [&]<class T>(T) {
    const std::span<const T> values = x.data<T>();
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto v = static_cast<double>(values[i]);
      if (!std::isfinite(v)) {
        if (result.stray.empty()) result.stray = fmt::format("{} at {}", v, place(x.shape(), i));
        continue;
      }
      ++result.count;
      result.low = std::min(result.low, v);
      result.high = std::max(result.high, v);
      result.whole = result.whole && v == std::floor(v);
      sum += v;
      squares += v * v;
    }
    const auto n = static_cast<double>(std::max<std::size_t>(result.count, 1));
    result.mean = sum / n;
    result.deviation = std::sqrt(std::max(0.0, squares / n - result.mean * result.mean));
  });
  return result;
}

double row_sum_error(const Tensor& x) {
  const std::size_t columns = x.rank() == 0 ? 1 : x.shape().back();
  double worst = 0;
  dispatch(x.dtype(), [&]<class T>(T) {
    const std::span<const T> values = x.data<T>();
    for (std::size_t row = 0; row + columns <= values.size(); row += columns) {
      double sum = -1;
      for (std::size_t k = 0; k < columns; ++k) sum += static_cast<double>(values[row + k]);
      worst = std::max(worst, std::abs(sum));
    }
  });
  return worst;
}

TargetKind kind_of(const Tensor& targets, const Numbers& numbers) {
  if (targets.dtype() == i64) return TargetKind::labels;
  const bool rows = targets.rank() >= 2 && targets.shape().back() >= 2;
  if (numbers.low >= 0 && numbers.high <= 1) {
    const bool add_up = rows && row_sum_error(targets) < 1e-3;
    if (add_up) return numbers.whole ? TargetKind::one_hot : TargetKind::distributions;
    return numbers.whole ? TargetKind::binary : TargetKind::shares;
  }
  const double square = numbers.mean * numbers.mean + numbers.deviation * numbers.deviation;
  if (numbers.low == -1 && numbers.high <= 1 && square > 1 - 1e-12) return TargetKind::signs;
  return numbers.whole && numbers.low >= 0 ? TargetKind::counts : TargetKind::numbers;
}

std::string described(TargetKind kind) {
  switch (kind) {
    case TargetKind::labels: return "labels";
    case TargetKind::one_hot: return "one-hot targets";
    case TargetKind::distributions: return "distributions";
    case TargetKind::binary: return "targets 0 and 1";
    case TargetKind::signs: return "targets -1 and 1";
    case TargetKind::shares: return "targets in [0, 1]";
    case TargetKind::counts: return "counts";
    case TargetKind::numbers: break;
  }
  return "numbers";
}

}  // namespace wengert::detail
