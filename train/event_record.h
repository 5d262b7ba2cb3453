// SPDX-License-Identifier: MIT
// How one record lies in an event file (TFRecord): what frames the payload, not what is in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wengert::detail {

/// CRC-32C: Castagnoli's polynomial 0x1EDC6F41, reflected (RFC 3720, appendix B.4).
std::uint32_t crc32c(std::string_view bytes);
/// Rotated and shifted by a constant, so that the sum of bytes that hold their own sum is no
/// special case: (crc >> 15 | crc << 17) + 0xA282EAD8.
std::uint32_t masked(std::uint32_t crc);
/// Little-endian: length u64, masked crc of the length u32, payload, masked crc of the payload u32.
std::string event_record(std::string_view payload);

}  // namespace wengert::detail
