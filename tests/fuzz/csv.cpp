// SPDX-License-Identifier: MIT
#include <wengert/data/csv.h>

#include "only_file_errors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wengert::data;
  return only_file_errors(data, size, [](Bytes bytes) {
    // The first byte chooses the options.
    const unsigned choice = bytes.empty() ? 0 : std::to_integer<unsigned>(bytes[0]);
    if (!bytes.empty()) bytes = bytes.subspan(1);
    read_csv(bytes, {.separator = (choice & 1) != 0 ? '\t' : ',',
                     .header = (choice & 2) != 0,
                     .comment = (choice & 4) != 0 ? '#' : '\0',
                     .missing = (choice & 8) != 0 ? Missing::nan : Missing::error,
                     .infinite = (choice & 16) != 0,
                     .text = (choice & 34) == 32 ? std::vector<std::string>{"0"}
                                                 : std::vector<std::string>{}});
  });
}
