// SPDX-License-Identifier: MIT
// Where a number came from: the machine, the compiler and the libraries.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace wengert {

/// What, and its value: ("processor", "..."), ("compiler", "GCC 12.2.0"), ... No names of users,
/// machines or folders. What the system does not tell is left out.
std::vector<std::pair<std::string, std::string>> environment();

}  // namespace wengert
