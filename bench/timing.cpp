// SPDX-License-Identifier: MIT
#include "timing.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>

namespace bench {
namespace {

constexpr std::size_t side_by_side = 16;  // more would need their data in memory at once

struct Prepared {
  Step step;
  int calls;
  std::vector<double> samples;
};

Prepared prepare(const Workload& workload, double sample_seconds) {
  Prepared prepared{workload.prepare(), 1, {}};
  prepared.step();
  // Longer and longer, until the clock and the first calls' cold caches no longer matter.
  double once = seconds_of(prepared.step);
  for (int calls = 2; once * calls < sample_seconds / 4 && calls < 1 << 20; calls *= 4)
    once = seconds_of(prepared.step, calls) / calls;
  prepared.calls = static_cast<int>(std::clamp(std::round(sample_seconds / once), 1.0, 1e6));
  return prepared;
}

Result result_of(const Workload& workload, std::vector<double> samples) {
  Result result{workload.name, "us", quartiles(std::move(samples)), {}, 0, true};
  if (workload.derived.of) {
    result.derived_unit = workload.derived.unit;
    result.derived = workload.derived.of(result.value.median);
  }
  for (double* value : {&result.value.lower, &result.value.median, &result.value.upper})
    *value *= 1e6;
  return result;
}

}  // namespace

Quartiles quartiles(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(samples.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, samples.size() - 1);
    return std::lerp(samples[below], samples[above], place - static_cast<double>(below));
  };
  return {at(0.25), at(0.5), at(0.75)};
}

Derived nanoseconds_per(const std::string& thing, double count) {
  return {"ns/" + thing, [=](double seconds) { return 1e9 * seconds / count; }};
}
Derived microseconds_per(const std::string& thing, double count) {
  return {"us/" + thing, [=](double seconds) { return 1e6 * seconds / count; }};
}
Derived gigaflops(double operations) {
  return {"GF/s", [=](double seconds) { return 1e-9 * operations / seconds; }};
}

Result figure(std::string name, std::string unit, Quartiles value) {
  return {std::move(name), std::move(unit), value, {}, 0, false};
}
Result figure(std::string name, std::string unit, double value) {
  return figure(std::move(name), std::move(unit), {value, value, value});
}

std::vector<Result> time_interleaved(std::span<const Workload> workloads, double sample_seconds,
                                     int repetitions) {
  std::vector<Prepared> prepared;
  for (const Workload& workload : workloads) prepared.push_back(prepare(workload, sample_seconds));
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    for (Prepared& one : prepared) {
      // The neighbours have filled the caches with their own data.
      if (one.calls > 1) one.step();
      one.samples.push_back(seconds_of(one.step, one.calls) / one.calls);
    }
  }
  std::vector<Result> results;
  for (std::size_t i = 0; i < workloads.size(); ++i)
    results.push_back(result_of(workloads[i], std::move(prepared[i].samples)));
  return results;
}

void run(const Group& group, const Options& options,
         const std::function<void(const Result&)>& report) {
  std::vector<Workload> timed;
  for (const Workload& workload : group.workloads)
    if (workload.prepare) timed.push_back(workload);
  const std::span<const Workload> all(timed);
  for (std::size_t start = 0; start < all.size(); start += side_by_side) {
    const auto some = all.subspan(start, std::min(side_by_side, all.size() - start));
    const double length = options.seconds * group.sample_length;
    for (const Result& result : time_interleaved(some, length, options.repetitions)) report(result);
  }
  for (const Workload& workload : group.workloads)
    if (workload.measure)
      for (const Result& result : workload.measure(options)) report(result);
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double seconds_of(const Step& step, int calls) {
  const double start = seconds_now();
  for (int call = 0; call < calls; ++call) step();
  return seconds_now() - start;
}

double busy_share() {
  static const double wall_start = seconds_now();
  static const std::clock_t processor_start = std::clock();
  const double processor =
      static_cast<double>(std::clock() - processor_start) / static_cast<double>(CLOCKS_PER_SEC);
  const double wall = seconds_now() - wall_start;
  return wall > 0 ? processor / wall : 1.0;
}

}  // namespace bench
