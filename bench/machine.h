// SPDX-License-Identifier: MIT
// What a figure was measured on, and what the system says about this process.
#pragma once

#include <cstddef>
#include <string>

namespace bench {

struct Machine {
  std::string processor;
  std::string kernel;
  std::string built_for;
  std::string blas;
  std::string compiler;
};
Machine machine();

/// Highest resident memory since the start of the program or `reset_peak_resident`; 0 if the system
/// does not tell.
std::size_t peak_resident_bytes();
void reset_peak_resident();

}  // namespace bench
