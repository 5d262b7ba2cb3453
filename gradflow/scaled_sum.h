// SPDX-License-Identifier: MIT
// Vectors whose numbers leave the range of float64: each with the power of two that it is to be
// multiplied by, so that sums and norms stay exact. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace wengert::gradflow {

double largest_magnitude(std::span<const double> values);
/// In float64, in four parts that need not wait for each other; of float32 none leaves its range.
template <class T>
double sum_of_squares(std::span<const T> values) {
  double parts[4] = {0.0, 0.0, 0.0, 0.0};
  std::size_t i = 0;
  const auto add = [&](double& part, T value) {
    part += static_cast<double>(value) * static_cast<double>(value);
  };
  for (; i + 4 <= values.size(); i += 4)
    for (std::size_t k = 0; k < 4; ++k) add(parts[k], values[i + k]);
  for (; i < values.size(); ++i) add(parts[0], values[i]);
  return (parts[0] + parts[1]) + (parts[2] + parts[3]);
}
/// ln of the Euclidean norm of 2^exponent values; -inf for zero.
double log_norm(std::span<const double> values, std::int64_t exponent = 0);
/// ln of the norm of a vector in parts, given ln of theirs; -inf for none.
double log_norm_of_parts(std::span<const double> log_norms);
/// ln of 2^exponent.
double log_of(std::int64_t exponent);
/// 2^exponent value, for any exponent.
double scaled(double value, std::int64_t exponent);
/// Brings the largest magnitude to the order of 1 if the norm is outside 1e-100 ... 1e100; powers
/// of two change no digit.
void normalise(std::span<double> values, std::int64_t& exponent);
/// to += part, for sums that are there already.
void add_scaled(std::span<double> to, std::int64_t& exponent, std::span<const double> part,
                std::int64_t part_exponent);

/// A sum of parts of different scale.
struct ScaledSum {
  std::vector<double> values = {};
  std::int64_t exponent = 0;
  void add(std::span<const double> part, std::int64_t part_exponent);
};

}  // namespace wengert::gradflow
