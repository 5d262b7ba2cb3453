// SPDX-License-Identifier: MIT
// Files of bytes that the tests of loading make.
#pragma once

#include <fstream>
#include <string>

#include "../folder.h"

namespace wengert::nn_tests {

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace wengert::nn_tests
