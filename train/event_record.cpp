// SPDX-License-Identifier: MIT
#include "event_record.h"

#include <cstddef>

#include <boost/crc.hpp>

namespace wengert::detail {
namespace {

template <class Word>
std::string little_endian(Word word) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(Word); ++i)
    bytes.push_back(static_cast<char>(word >> (8 * i) & 0xFF));
  return bytes;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return static_cast<std::uint32_t>(crc.checksum());
}

std::uint32_t masked(std::uint32_t crc) { return (crc >> 15 | crc << 17) + 0xA282EAD8U; }

std::string event_record(std::string_view payload) {
  std::string record = little_endian(static_cast<std::uint64_t>(payload.size()));
  record += little_endian(masked(crc32c(record)));
  record += payload;
  record += little_endian(masked(crc32c(payload)));
  return record;
}

}  // namespace wengert::detail
