// SPDX-License-Identifier: MIT
#include "scaled_sum.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wengert::gradflow {

double largest_magnitude(std::span<const double> values) {
  double size = 0.0;
  for (const double value : values) size = std::max(size, std::abs(value));
  return size;
}

namespace {
/// Neither did the square of what counts vanish nor a sum overflow.
bool moderate(double squares) { return squares > 1e-200 && squares < 1e200; }
}  // namespace

double log_of(std::int64_t exponent) { return static_cast<double>(exponent) * std::log(2.0); }

double log_norm_of_parts(std::span<const double> log_norms) {
  constexpr double none = -std::numeric_limits<double>::infinity();
  double largest = none;
  for (const double one : log_norms) largest = std::max(largest, one);
  if (!std::isfinite(largest)) return none;
  double squares = 0.0;
  for (const double one : log_norms) squares += std::exp(2.0 * (one - largest));
  return largest + 0.5 * std::log(squares);
}

double log_norm(std::span<const double> values, std::int64_t exponent) {
  if (const double squares = sum_of_squares<double>(values); moderate(squares))
    return 0.5 * std::log(squares) + log_of(exponent);
  const double size = largest_magnitude(values);
  if (size == 0.0) return -std::numeric_limits<double>::infinity();
  double squares = 0.0;
  for (const double value : values) squares += (value / size) * (value / size);
  return std::log(size) + 0.5 * std::log(squares) + log_of(exponent);
}

double scaled(double value, std::int64_t exponent) {
  return std::scalbn(value, static_cast<int>(std::clamp<std::int64_t>(exponent, -5000, 5000)));
}

void normalise(std::span<double> values, std::int64_t& exponent) {
  if (moderate(sum_of_squares<double>(values))) return;
  const double size = largest_magnitude(values);
  if (size == 0.0 || !std::isfinite(size)) return;
  const int shift = std::ilogb(size);
  for (double& value : values) value = std::scalbn(value, -shift);
  exponent += shift;
}

void add_scaled(std::span<double> to, std::int64_t& exponent, std::span<const double> part,
                std::int64_t part_exponent) {
  if (part_exponent > exponent) {
    for (double& value : to) value = scaled(value, exponent - part_exponent);
    exponent = part_exponent;
  }
  if (part_exponent == exponent) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += part[i];
  } else {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += scaled(part[i], part_exponent - exponent);
  }
}

void ScaledSum::add(std::span<const double> part, std::int64_t part_exponent) {
  if (values.empty()) {
    values.assign(part.begin(), part.end());
    exponent = part_exponent;
  } else {
    add_scaled(values, exponent, part, part_exponent);
  }
  normalise(values, exponent);
}

}  // namespace wengert::gradflow
