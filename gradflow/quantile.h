// SPDX-License-Identifier: MIT
// Quantiles of a few numbers, infinite ones among them. Internal.
#pragma once

#include <vector>

namespace wengert::gradflow {

/// The q-quantile of at least one number, interpolated between neighbours; between -inf and a
/// number it is -inf.
double quantile(std::vector<double> values, double q);

}  // namespace wengert::gradflow
