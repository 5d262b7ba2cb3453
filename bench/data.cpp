// SPDX-License-Identifier: MIT
// Reading data: a file as large as MNIST's training images.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include <wengert/data/idx.h>
#include <wengert/wengert.h>

#include "workloads.h"

namespace bench {
namespace {

std::vector<Result> images(const Options&) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                     ("wengert-bench-" + std::to_string(getpid()) + ".idx");
  {
    std::ofstream out(path, std::ios::binary);
    // Magic number, 60000 images of 28 x 28, as big-endian words of 32 bits.
    out << std::string("\0\0\x08\x03\0\0\xea\x60\0\0\0\x1c\0\0\0\x1c", 16)
        << std::string(60000 * 784, '\x55');
  }
  std::vector<double> seconds;
  for (int i = 0; i < 5; ++i)
    seconds.push_back(seconds_of([&] { keep(wengert::data::read_idx(path.string())); }));
  std::filesystem::remove(path);
  return {figure("data/60000 images", "s", quartiles(seconds))};
}

}  // namespace

Group reading() { return {"reading", 1, {{"data/60000 images", {}, {}, images}}}; }

}  // namespace bench
