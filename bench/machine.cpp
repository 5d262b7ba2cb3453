// SPDX-License-Identifier: MIT
#include "machine.h"

#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <sys/utsname.h>

#include <wengert/graph/cpu.h>
#include <wengert/ops/gemm.h>

namespace bench {
namespace {

/// What follows the colon in the first line of `file` that begins with `key`; empty if none does.
std::string field(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(':');
    if (line.rfind(key, 0) != 0 || colon == std::string::npos) continue;
    const std::size_t start = line.find_first_not_of(" \t", colon + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return {};
}

std::string kernel() {
  utsname name{};
  if (uname(&name) != 0) return "unknown";
  return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

std::string compiler() {
#if defined(__clang__)
  return fmt::format("Clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("GCC {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

}  // namespace

Machine machine() {
  using namespace wengert;
  using namespace wengert::detail;
  const std::string processor = field("/proc/cpuinfo", "model name");
  return {processor.empty() ? "unknown" : processor, kernel(), built_for(), gemm_backend(),
          compiler()};
}

std::size_t peak_resident_bytes() {
  std::istringstream text(field("/proc/self/status", "VmHWM"));
  std::size_t kibibytes = 0;
  text >> kibibytes;
  return kibibytes * 1024;
}

void reset_peak_resident() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace bench
