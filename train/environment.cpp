// SPDX-License-Identifier: MIT
#include "environment.h"

#include <chrono>
#include <ctime>
#include <fstream>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include "../graph/cpu.h"
#include "../ops/gemm.h"

namespace wengert {
namespace {

/// What stands behind the first line of the file that starts with `key`, without `:`, `=` or
/// quotes.
std::string value_in(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t start = line.find_first_not_of(" \t:=\"", key.size());
    if (start == std::string::npos) return {};
    const std::size_t end = line.find_last_not_of(" \t\"");
    return line.substr(start, end + 1 - start);
  }
  return {};
}

std::string system_name() {
  utsname names{};
  if (uname(&names) != 0) return value_in("/etc/os-release", "PRETTY_NAME");
  const std::string distribution = value_in("/etc/os-release", "PRETTY_NAME");
  return fmt::format("{}{}{} {}, {}", distribution, distribution.empty() ? "" : ", ", names.sysname,
                     names.release, names.machine);
}

std::string compiler() {
#if defined(__clang__)
  return fmt::format("Clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#elif defined(__GNUC__)
  return fmt::format("GCC {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#else
  return {};
#endif
}

}  // namespace

std::vector<std::pair<std::string, std::string>> environment() {
  std::vector<std::pair<std::string, std::string>> all{
      {"date", fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::time(nullptr)))},
      {"processor", value_in("/proc/cpuinfo", "model name")},
      {"threads of the processor", fmt::format("{}", std::thread::hardware_concurrency())},
      {"built for", built_for()},
      {"matrix products", gemm_backend()},
      {"compiler", compiler()},
      {"system", system_name()},
  };
  std::erase_if(all, [](const auto& entry) { return entry.second.empty(); });
  return all;
}

}  // namespace wengert
