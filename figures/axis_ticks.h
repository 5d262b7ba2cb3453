// SPDX-License-Identifier: MIT
// Where an axis or a colour bar has its ticks, and how powers of ten are written there.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace wengert::detail {

/// Empty: wherever gnuplot puts them.
std::vector<double> log_ticks(double low, double high);
std::vector<double> whole_ticks(double low, double high);

/// 10⁻³, without markup.
std::string power_of_ten(double exponent);

/// A place on a scale and what is written there.
using NamedTick = std::pair<double, std::string>;
/// Round numbers, four to ten of them.
std::vector<NamedTick> linear_named_ticks(double low, double high);
/// From 10^low to 10^high, at the exponents: "10⁻³", in narrow ranges "0.02".
std::vector<NamedTick> exponent_named_ticks(double low, double high);

}  // namespace wengert::detail
