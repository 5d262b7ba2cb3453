// SPDX-License-Identifier: MIT
#include "trend.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace wengert::detail {

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const std::size_t middle = values.size() / 2;
  std::sort(values.begin(), values.end());
  return values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

double noise(std::span<const double> y) {
  if (y.size() < 5) return 0;
  std::vector<double> differences;
  for (std::size_t i = 1; i + 1 < y.size(); ++i)
    differences.push_back(std::abs(y[i - 1] - 2 * y[i] + y[i + 1]));
  return 1.4826 * median(std::move(differences)) / std::sqrt(6.0);
}

double mann_kendall(std::span<const double> y) {
  if (y.size() < 4) return 0;
  double score = 0;
  std::map<double, double> equal;
  for (std::size_t i = 0; i < y.size(); ++i) {
    ++equal[y[i]];
    for (std::size_t j = i + 1; j < y.size(); ++j) score += y[j] > y[i] ? 1 : y[j] < y[i] ? -1 : 0;
  }
  const auto term = [](double n) { return n * (n - 1) * (2 * n + 5); };
  double variance = term(static_cast<double>(y.size()));
  for (const auto& [value, count] : equal) variance -= term(count);
  if (variance <= 0 || score == 0) return 0;
  return (score - std::copysign(1.0, score)) / std::sqrt(variance / 18);
}

Line fitted_line(std::span<const double> x, std::span<const double> y) {
  const auto n = static_cast<double>(x.size());
  if (x.size() < 3) return {};
  double x_mean = 0, y_mean = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    x_mean += x[i] / n;
    y_mean += y[i] / n;
  }
  double xx = 0, xy = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - x_mean) * (x[i] - x_mean);
    xy += (x[i] - x_mean) * (y[i] - y_mean);
    yy += (y[i] - y_mean) * (y[i] - y_mean);
  }
  if (xx == 0) return {};
  const double rest = std::max(0.0, yy - xy * xy / xx);
  return {xy / xx, std::sqrt(rest / (n - 2) / xx)};
}

std::vector<double> running_median(std::span<const double> y) {
  std::vector<double> result(y.begin(), y.end());
  for (std::size_t i = 1; i + 1 < y.size(); ++i) result[i] = median({y[i - 1], y[i], y[i + 1]});
  return result;
}

}  // namespace wengert::detail
