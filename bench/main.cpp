// SPDX-License-Identifier: MIT
// wengert_bench: times the library's parts and prints one table of medians, or JSON.
#include <algorithm>
#include <cstdio>
#include <regex>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "machine.h"
#include "workloads.h"

namespace {

using namespace bench;

struct Arguments {
  Options timing;
  bool json = false;
  bool list = false;
  int threads = 1;
  std::string filter;
  std::vector<std::string> cases;
};

/// Whether `name` is one of the cases or belongs to one: "linear_cost" means all of "linear_cost/".
bool is_among(const std::vector<std::string>& cases, const std::string& name) {
  return std::any_of(cases.begin(), cases.end(), [&](const std::string& wanted) {
    return name == wanted || name.rfind(wanted + "/", 0) == 0;
  });
}

std::vector<Group> selected_groups(const Arguments& arguments) {
  std::vector<Group> groups{engine(),  models(),    pieces(),          sequences(),
                            memory(),  denormals(), gradient_checks(), gradient_flow(),
                            reading(), products(),  elementwise()};
  const std::regex pattern(arguments.filter);
  for (Group& group : groups)
    std::erase_if(group.workloads, [&](const Workload& workload) {
      if (!arguments.cases.empty() && !is_among(arguments.cases, workload.name)) return true;
      return !std::regex_search(workload.name, pattern);
    });
  std::erase_if(groups, [](const Group& group) { return group.workloads.empty(); });
  return groups;
}

std::string rounded(double value) {
  if (value >= 1e5 || value == static_cast<double>(static_cast<long>(value)))
    return fmt::format("{:.0f}", value);
  return fmt::format("{:.4g}", value);
}

void print_machine(const Machine& machine, const Arguments& arguments) {
  fmt::print("processor  {}\nkernel     {}\nbuilt for  {}\nproducts   {}\ncompiler   {}\n",
             machine.processor, machine.kernel, machine.built_for, machine.blas, machine.compiler);
  fmt::print("samples    {} a workload, interleaved; medians and quartiles of one call\n\n",
             arguments.timing.repetitions);
  fmt::print("{:46}{:>11}{:>11}{:>11} {:7}{}\n", "name", "median", "lower", "upper", "unit",
             "derived");
}

void print_row(const Result& result) {
  fmt::print("{:46}{:>11}{:>11}{:>11} {:7}", result.name, rounded(result.value.median),
             rounded(result.value.lower), rounded(result.value.upper), result.unit);
  if (!result.derived_unit.empty())
    fmt::print("{} {}", rounded(result.derived), result.derived_unit);
  fmt::print("\n");
  std::fflush(stdout);
}

nlohmann::ordered_json to_json(const Result& result) {
  nlohmann::ordered_json row{{"name", result.name},
                             {"unit", result.unit},
                             {"median", result.value.median},
                             {"lower", result.value.lower},
                             {"upper", result.value.upper}};
  if (result.timed) row["median_us"] = result.value.median;
  if (!result.derived_unit.empty()) {
    row["derived"] = result.derived;
    row["derived_unit"] = result.derived_unit;
  }
  return row;
}

void run_all(const Arguments& arguments) {
  const Machine machine = bench::machine();
  nlohmann::ordered_json report{{"machine", machine.kernel},
                                {"processor", machine.processor},
                                {"blas", machine.blas},
                                {"compiler", machine.compiler},
                                {"built_for", machine.built_for},
                                {"threads", arguments.threads},
                                {"repetitions", arguments.timing.repetitions}};
  nlohmann::ordered_json& rows = report["results"] = nlohmann::ordered_json::array();
  if (!arguments.json) print_machine(machine, arguments);
  busy_share();
  for (const Group& group : selected_groups(arguments)) {
    run(group, arguments.timing, [&](const Result& result) {
      if (arguments.json) rows.push_back(to_json(result));
      else print_row(result);
    });
  }
  const double busy = busy_share();
  report["busy"] = busy;
  if (arguments.json) fmt::print("{}\n", report.dump(1));
  if (busy < 0.95)
    fmt::print(stderr,
               "warning: this process had its core for only {:.0f}% of the time: is something else "
               "running?\n",
               100 * busy);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Times the parts of Wengert: medians and quartiles of interleaved samples."};
  app.add_flag("--json", arguments.json, "Print JSON instead of a table");
  app.add_flag("--list", arguments.list, "Print the names of the workloads and stop");
  app.add_flag("--quick", arguments.timing.quick, "Few short samples: that it runs, not how fast");
  app.add_option("--filter", arguments.filter, "Only workloads whose name has a match of this")
      ->type_name("REGEX");
  app.add_option("--case", arguments.cases, "Only the workload of this name (may be repeated)")
      ->type_name("NAME");
  auto* repetitions =
      app.add_option("--repetitions", arguments.timing.repetitions, "Samples a workload")
          ->check(CLI::Range(1, 1000))
          ->capture_default_str();
  app.add_option("--threads", arguments.threads,
                 "Recorded in the JSON; cores are given to the program by taskset")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (arguments.timing.quick) {
    arguments.timing.seconds /= 10;
    if (repetitions->empty()) arguments.timing.repetitions = 3;
  }
  try {
    if (arguments.list) {
      for (const Group& group : selected_groups(arguments))
        for (const Workload& workload : group.workloads) fmt::print("{}\n", workload.name);
      return 0;
    }
    run_all(arguments);
  } catch (const std::exception& error) {
    fmt::print(stderr, "wengert_bench: {}\n", error.what());
    return 1;
  }
}
