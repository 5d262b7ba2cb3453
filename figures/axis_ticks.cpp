// SPDX-License-Identifier: MIT
#include "axis_ticks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

namespace wengert::detail {
namespace {

/// 1, 2 or 5 times a power of ten, the smallest that is not below `least`.
double round_step(double least) {
  const double decade = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * decade >= least * (1 - 1e-9)) return factor * decade;
  return 10 * decade;
}

std::vector<double> multiples(double step, double low, double high) {
  std::vector<double> ticks;
  const double slack = 1e-9 * step;
  for (double k = std::ceil((low - slack) / step); k * step <= high + slack; ++k)
    ticks.push_back(k == 0 ? 0.0 : k * step);  // not -0
  return ticks;
}

}  // namespace

std::string power_of_ten(double exponent) {
  static const std::array<const char*, 10> digits{"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = "10";
  for (const char c : fmt::format("{:.8g}", exponent)) {
    if (c == '-') text += "⁻";
    else if (c == '.') text += "·";
    else if (c >= '0' && c <= '9') text += digits.at(static_cast<std::size_t>(c - '0'));
    else text += c;
  }
  return text;
}

std::vector<double> log_ticks(double low, double high) {
  static const std::array<std::vector<double>, 3> mantissas{
      {{1}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9}}};
  const double decades = std::log10(high) - std::log10(low);
  const double every = std::max(1.0, std::ceil(decades / 8));
  std::vector<double> ticks;
  std::size_t fine = decades > 2.5 ? 0 : decades > 0.9 ? 1 : 2;
  for (; ticks.size() < 3 && fine < mantissas.size(); ++fine) {
    ticks.clear();
    for (double exponent = std::floor(std::log10(low)); exponent <= std::log10(high); ++exponent)
      for (const double mantissa : mantissas.at(fine)) {
        const double tick = mantissa * std::pow(10.0, exponent);
        if (tick >= low && tick <= high && std::fmod(std::abs(exponent), every) == 0)
          ticks.push_back(tick);
      }
  }
  if (ticks.size() >= 3 || !(low < high)) return ticks;
  // So narrow that the axis is as good as linear.
  const double rough = (high - low) / 8;
  const double decade = std::pow(10.0, std::floor(std::log10(rough)));
  const double step = decade * (rough <= 2 * decade ? 2 : rough <= 5 * decade ? 5 : 10);
  ticks.clear();
  for (double k = std::ceil(low / step); k * step <= high; ++k) ticks.push_back(k * step);
  return ticks;
}

std::vector<double> whole_ticks(double low, double high) {
  const double rough = std::max(1.0, (high - low) / 6);
  const double decade = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * decade;
  for (const double factor : {5.0, 2.0, 1.0})
    if (factor * decade >= rough && std::floor(factor * decade) == factor * decade)
      step = factor * decade;
  std::vector<double> ticks;
  for (double tick = std::ceil(low / step) * step; tick <= high; tick += step)
    ticks.push_back(tick);
  // The axis of epochs starts at 1, which 5, 10, 15 would not show.
  if (low <= 1 && !ticks.empty() && (ticks[0] > 1 || low > 0)) {
    std::set<double> with_first(ticks.begin(), ticks.end());
    with_first.insert(1);
    ticks.assign(with_first.begin(), with_first.end());
  }
  return ticks;
}

std::vector<NamedTick> linear_named_ticks(double low, double high) {
  std::vector<NamedTick> named;
  for (const double tick : multiples(round_step(high / 8 - low / 8), low, high))
    named.emplace_back(tick, fmt::format("{:.6g}", tick));
  return named;
}

std::vector<NamedTick> exponent_named_ticks(double low, double high) {
  std::vector<NamedTick> named;
  const bool held_by_a_double = low > -290 && high < 290;
  if (high - low < 3 && held_by_a_double) {
    for (const double tick : log_ticks(std::pow(10, low), std::pow(10, high)))
      named.emplace_back(std::log10(tick), fmt::format("{:.6g}", tick));
    return named;
  }
  double step = round_step((high - low) / 8);
  if (high - low >= 3) step = std::max(1.0, std::round(step));  // whole exponents, not 10^2.5
  for (const double tick : multiples(step, low, high)) named.emplace_back(tick, power_of_ten(tick));
  return named;
}

}  // namespace wengert::detail
