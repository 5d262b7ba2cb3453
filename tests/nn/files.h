// SPDX-License-Identifier: MIT
// What the tests of saving and loading do with whole files.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "../folder.h"

namespace wengert::nn_tests {

inline std::string contents_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace wengert::nn_tests
