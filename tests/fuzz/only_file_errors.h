// SPDX-License-Identifier: MIT
// What every fuzz target asks of its reader: bytes are read, or refused by a FileError. Anything
// else (another exception, a memory error, undefined behaviour, a huge allocation) stops the
// fuzzer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <wengert/graph/error.h>

using Bytes = std::span<const std::byte>;

/// Calls `read(bytes)`.
template <class Read>
int only_file_errors(const std::uint8_t* data, std::size_t size, Read read) {
  try {
    read(std::as_bytes(std::span(data, size)));
  } catch (const wengert::FileError&) {}
  return 0;
}
