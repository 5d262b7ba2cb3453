// SPDX-License-Identifier: MIT
#include "series.h"

#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "../graph/error.h"
#include "bundled.h"
#include "csv.h"

namespace wengert::data {
namespace {

Table table(const std::string& name) {
  return read_csv(bundled(name, fmt::format("series/{}.csv", name)), {.missing = Missing::nan});
}

/// A value a year.
Series yearly(const std::string& name, const std::string& unit, const std::string& year,
              const std::string& value) {
  const Table read = table(name);
  return {.name = name, .unit = unit, .time = read.column(year), .values = read.column(value)};
}

/// A date written 19580329, as the part of its year that had passed.
double years(double date) {
  using namespace std::chrono;
  const auto number = static_cast<int>(date);
  const year_month_day day{year{number / 10000}, month{static_cast<unsigned>(number / 100 % 100)},
                           std::chrono::day{static_cast<unsigned>(number % 100)}};
  if (!day.ok()) throw FileError(fmt::format("co2: '{}' is no date", number));
  const sys_days first = day.year() / January / 1;
  const sys_days next = (day.year() + std::chrono::years{1}) / January / 1;
  return number / 10000 + static_cast<double>((sys_days(day) - first).count()) /
                              static_cast<double>((next - first).count());
}

}  // namespace

Series sunspots() { return yearly("sunspots", "sunspot number", "YEAR", "SUNACTIVITY"); }
Series nile() { return yearly("nile", "10^8 m^3", "year", "volume"); }

Series elnino() {
  constexpr std::size_t months = 12;
  const Table read = table("elnino");
  std::vector<std::string> names(read.columns.begin() + 1, read.columns.end());
  const Tensor values = read.select(names);
  const Tensor year = read.column("YEAR");
  Tensor time = Tensor::empty({values.size()}, f64);
  std::size_t i = 0;
  for (double& moment : time.mutable_data<double>()) {
    moment = year.data<double>()[i / months] + static_cast<double>(i % months) / months;
    ++i;
  }
  return {.name = "elnino",
          .unit = "degrees Celsius",
          .time = time,
          .values = values.reshape({values.size()})};
}

Series co2() {
  Series result = yearly("co2", "ppm", "date", "co2");
  for (double& moment : result.time.mutable_data<double>()) moment = years(moment);
  return result;
}

Series interpolated(const Series& series) {
  Series result = series;
  const std::span<double> values = result.values.mutable_data<double>();
  const std::span<const double> time = series.time.data<double>();
  const auto missing = [&](std::size_t i) { return std::isnan(values[i]); };
  if (values.empty()) return result;
  if (missing(0) || missing(values.size() - 1))
    throw ValueError(fmt::format(
        "interpolated: the first or last value of '{}' is missing, and nothing lies beyond it",
        series.name));
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (!missing(i)) continue;
    std::size_t next = i + 1;
    while (missing(next)) ++next;
    const double slope = (values[next] - values[i - 1]) / (time[next] - time[i - 1]);
    for (; i < next; ++i) values[i] = values[i - 1] + slope * (time[i] - time[i - 1]);
  }
  return result;
}

}  // namespace wengert::data
