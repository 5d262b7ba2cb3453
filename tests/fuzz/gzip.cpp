// SPDX-License-Identifier: MIT
#include <vector>

#include <wengert/data/byte_source.h>

#include "only_file_errors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return only_file_errors(data, size, [](Bytes bytes) {
    auto source = wengert::data::ByteSource::memory("fuzz", bytes);
    std::vector<char> piece(1 + bytes.size() % 5000);
    while (source.read(piece) == piece.size()) {}
    source.require_end();
  });
}
