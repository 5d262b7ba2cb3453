// SPDX-License-Identifier: MIT
// Statistics of a short noisy series that few outliers do not upset.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace wengert::detail {

/// NaN if there are none.
double median(std::vector<double> values);

/// The standard deviation of what is left of y without its trend, from second differences: 1.4826
/// times their median absolute value over sqrt(6), the factor for independent normal noise (Gasser,
/// Sroka and Jennen-Steinmetz 1986, made robust). 0 for fewer than five values.
double noise(std::span<const double> y);

/// Mann and Kendall's z (Mann 1945; ties as in Kendall 1975): how surely y rises (> 0) or falls.
/// Normally distributed with variance 1 if there is no trend. 0 for fewer than four values.
double mann_kendall(std::span<const double> y);

/// The least-squares line and the standard error of its slope; n - 2 degrees of freedom.
struct Line {
  double slope = 0;
  double error = 0;
};
Line fitted_line(std::span<const double> x, std::span<const double> y);

/// The median of each value and its two neighbours; the ends as they are.
std::vector<double> running_median(std::span<const double> y);

}  // namespace wengert::detail
