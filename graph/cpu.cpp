// SPDX-License-Identifier: MIT
#include "cpu.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>

#ifndef WENGERT_ARCH_NAME
#define WENGERT_ARCH_NAME "baseline"
#define WENGERT_ARCH_FEATURES ""
#endif

namespace wengert {

std::string built_for() { return WENGERT_ARCH_NAME " (" WENGERT_ARCH_FEATURES ")"; }

namespace detail {

std::string missing_features(const std::string& features) {
  std::string missing;
#if defined(__x86_64__)
  const auto lacks = [](const std::string& name) {
    // The builtin takes literals only.
    if (name == "avx") return !__builtin_cpu_supports("avx");
    if (name == "avx2") return !__builtin_cpu_supports("avx2");
    if (name == "fma") return !__builtin_cpu_supports("fma");
    if (name == "bmi2") return !__builtin_cpu_supports("bmi2");
    if (name == "avx512f") return !__builtin_cpu_supports("avx512f");
    if (name == "avx512bw") return !__builtin_cpu_supports("avx512bw");
    if (name == "avx512dq") return !__builtin_cpu_supports("avx512dq");
    if (name == "avx512vl") return !__builtin_cpu_supports("avx512vl");
    if (name == "avx512vbmi") return !__builtin_cpu_supports("avx512vbmi");
    if (name == "avx512vnni") return !__builtin_cpu_supports("avx512vnni");
    return false;
  };
  std::istringstream names(features);
  for (std::string name; names >> name;)
    if (lacks(name)) missing += (missing.empty() ? "" : " ") + name;
#else
  static_cast<void>(features);
#endif
  return missing;
}

bool require_processor() {
  const std::string missing = missing_features(WENGERT_ARCH_FEATURES);
  if (missing.empty()) return true;
  std::fprintf(
      stderr,
      "wengert: it was built for another processor (%s), this one lacks %s; build it on this "
      "machine, or with -DWENGERT_ARCH=x86-64-v3\n",
      WENGERT_ARCH_NAME, missing.c_str());
  std::_Exit(1);
}

}  // namespace detail

}  // namespace wengert
