// SPDX-License-Identifier: MIT
// The framing of records: sums against published values, bytes against the format.
#include <cstdint>
#include <string>

#include <wengert/train/event_record.h>

#include "../catch.h"

namespace wg = wengert;

TEST_CASE("crc32c gives the sums of RFC 3720", "[tensorboard]") {
  std::string ascending, descending;
  for (int i = 0; i < 32; ++i) {
    ascending.push_back(static_cast<char>(i));
    descending.push_back(static_cast<char>(31 - i));
  }
  CHECK(wg::detail::crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  CHECK(wg::detail::crc32c(std::string(32, '\xff')) == 0x62a8ab43U);
  CHECK(wg::detail::crc32c(ascending) == 0x46dd794eU);
  CHECK(wg::detail::crc32c(descending) == 0x113fdb5cU);
  CHECK(wg::detail::crc32c("123456789") == 0xe3069283U);
  CHECK(wg::detail::crc32c("") == 0);
}

TEST_CASE("a mask rotates by 15 and adds its constant", "[tensorboard]") {
  CHECK(wg::detail::masked(0) == 0xa282ead8U);
  CHECK(wg::detail::masked(1) == 0xa282ead8U + 0x20000U);
  CHECK(wg::detail::masked(0x8000) == 0xa282ead8U + 1U);
}

TEST_CASE("a record is length, sum, payload, sum", "[tensorboard]") {
  const std::string record = wg::detail::event_record("123456789");
  REQUIRE(record.size() == 8 + 4 + 9 + 4);
  CHECK(record.substr(0, 8) == std::string("\x09\0\0\0\0\0\0\0", 8));
  CHECK(record.substr(12, 9) == "123456789");
  // masked(0xe3069283) = (0xe3069283 >> 15 | 0xe3069283 << 17) + 0xa282ead8 = 0xc78ab0e5
  CHECK(record.substr(21) == "\xe5\xb0\x8a\xc7");
}
