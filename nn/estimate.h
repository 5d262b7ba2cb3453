// SPDX-License-Identifier: MIT
// A measured number and how sure it is. What is measured is in metrics.h.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>

namespace wengert {

/// Stands for its value wherever a number is expected: `100 * accuracy(logits, labels)`.
struct Estimate {
  double value = 0;
  /// One standard deviation of `value` over other samples of the same size; NaN if unknown.
  double error = std::numeric_limits<double>::quiet_NaN();
  std::size_t n = 0;  ///< independent samples behind it

  operator double() const { return value; }  // NOLINT(google-explicit-constructor)
};

/// "0.971 +- 0.008": the error with one or two digits (by the rule of the Particle Data Group: two
/// if they are 10 to 35), the value with as many decimals. Without an error the value alone.
std::string to_string(const Estimate& estimate);

/// The mean of independent values, and sd / sqrt(n) with sd^2 = sum (x - mean)^2 / (n - 1). One
/// value has no error, none give NaN.
Estimate mean_of(std::span<const double> values);
/// hits / n and sqrt(p (1 - p) / n) (binomial).
Estimate share_of(std::size_t hits, std::size_t n);
/// The mean over the samples of several batches, from the batches' means: each counts by its n, and
/// errors add in quadrature. For what is no mean over samples (r2, auc) it is the mean of the
/// batches' values.
Estimate pooled(std::span<const Estimate> batches);

}  // namespace wengert
