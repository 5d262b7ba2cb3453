// SPDX-License-Identifier: MIT
// Vectors whose numbers leave the range of float64: each with the power of two that it is to be
// multiplied by, so that sums and norms stay exact. Internal.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace wengert::gradflow {

double largest_magnitude(std::span<const double> values);
/// ln of the Euclidean norm of 2^exponent values; -inf for zero.
double log_norm(std::span<const double> values, std::int64_t exponent = 0);
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
