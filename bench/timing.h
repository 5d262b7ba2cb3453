// SPDX-License-Identifier: MIT
// How a workload is timed: samples of equal length, taken in turn with those of its neighbours, and
// their median and quartiles. What is timed is in the other files of this folder.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace bench {

struct Quartiles {
  double lower = 0;
  double median = 0;
  double upper = 0;
};
/// Quartiles with linear interpolation between neighbours; `samples` is not empty.
Quartiles quartiles(std::vector<double> samples);

/// A second view of a time: "0.71 ns/element", "104 GF/s".
struct Derived {
  std::string unit;
  std::function<double(double seconds)> of;
};
Derived nanoseconds_per(const std::string& thing, double count);
Derived microseconds_per(const std::string& thing, double count);
/// `operations` counts multiplications and additions.
Derived gigaflops(double operations);

struct Result {
  std::string name;
  std::string unit;
  Quartiles value;
  std::string derived_unit;  ///< empty if there is no second view
  double derived = 0;
  bool timed = true;  ///< the value is the time of one call in microseconds
};
/// A figure that is not a time, or not one call's.
Result figure(std::string name, std::string unit, Quartiles value);
Result figure(std::string name, std::string unit, double value);

struct Options {
  int repetitions = 9;  ///< samples a workload
  double seconds =
      0.005;  ///< a sample of a small workload; whole training steps get ten times that
  bool quick = false;
};

using Step = std::function<void()>;

/// Either `prepare`, which makes the data and returns what is timed, or `measure`, which does it
/// all.
struct Workload {
  std::string name;
  std::function<Step()> prepare;
  Derived derived;
  std::function<std::vector<Result>(const Options&)> measure;
};

struct Group {
  std::string name;
  double sample_length = 1;  ///< in units of Options::seconds
  std::vector<Workload> workloads;
};

/// Times workloads side by side: sample 1 of each, sample 2 of each, ..., so that a slow stretch of
/// the machine falls on all of them.
std::vector<Result> time_interleaved(std::span<const Workload> workloads, double sample_seconds,
                                     int repetitions);

/// Runs a group: timed workloads a few at a time, the others one by one.
void run(const Group& group, const Options& options,
         const std::function<void(const Result&)>& report);

/// Share of the time since the first call that this process had the processor for.
double busy_share();

double seconds_now();
double seconds_of(const Step& step, int calls = 1);

/// Keeps the compiler from dropping a computation whose result is not used.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

}  // namespace bench
