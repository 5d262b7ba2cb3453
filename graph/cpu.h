// SPDX-License-Identifier: MIT
// The library is built for one kind of processor (-march); on another it says so instead of dying
// of an illegal instruction.
#pragma once

#include <string>

namespace wengert {

/// The kind of processor and the instruction sets the library was built for: "native (avx2 fma
/// ...)".
std::string built_for();

namespace detail {
/// Those of `features` (names as GCC's __builtin_cpu_supports has them, separated by spaces) that
/// this processor lacks.
std::string missing_features(const std::string& features);
/// Ends the program with a message if this processor lacks something the library was built for.
bool require_processor();
}  // namespace detail

}  // namespace wengert
