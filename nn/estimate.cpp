// SPDX-License-Identifier: MIT
#include "estimate.h"

#include <cmath>

#include <fmt/format.h>

namespace wengert {

std::string to_string(const Estimate& estimate) {
  const auto& [value, error, n] = estimate;
  if (!std::isfinite(value) || !std::isfinite(error)) return fmt::format("{:.4g}", value);
  if (error <= 0) return fmt::format("{:.4g} +- 0", value);
  int exponent = static_cast<int>(std::floor(std::log10(error)));
  double leading = std::round(error / std::pow(10, exponent - 2));  // three digits: 100 to 1000
  if (leading > 999) leading /= 10, ++exponent;
  const bool two_digits = leading < 355 || leading >= 950;
  if (leading >= 950) ++exponent;  // 0.97 is rounded to 1.0
  const int decimals = -exponent + (two_digits ? 1 : 0);
  if (decimals >= 0) return fmt::format("{:.{}f} +- {:.{}f}", value, decimals, error, decimals);
  const double unit = std::pow(10, -decimals);
  return fmt::format("{:.0f} +- {:.0f}", std::round(value / unit) * unit,
                     std::round(error / unit) * unit);
}

Estimate mean_of(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  Estimate result{.value = sum / n, .n = values.size()};
  if (values.size() < 2) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.value) * (value - result.value);
  result.error = std::sqrt(squares / (n - 1) / n);
  return result;
}

Estimate share_of(std::size_t hits, std::size_t n) {
  const double p = static_cast<double>(hits) / static_cast<double>(n);
  return {p, std::sqrt(p * (1 - p) / static_cast<double>(n)), n};
}

Estimate pooled(std::span<const Estimate> batches) {
  double sum = 0;
  double variance = 0;
  std::size_t n = 0;
  for (const Estimate& batch : batches) {
    const auto count = static_cast<double>(batch.n);
    if (batch.n == 0) continue;
    sum += count * batch.value;
    variance += count * count * batch.error * batch.error;
    n += batch.n;
  }
  const auto total = static_cast<double>(n);
  return {sum / total, std::sqrt(variance) / total, n};
}

}  // namespace wengert
