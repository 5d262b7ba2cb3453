// SPDX-License-Identifier: MIT
#include <wengert/data/npy.h>

#include "only_file_errors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return only_file_errors(data, size, [](Bytes bytes) { wengert::data::read_npy(bytes); });
}
