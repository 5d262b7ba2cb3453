// SPDX-License-Identifier: MIT
#include "png.h"

#include <string_view>
#include <vector>

#include <zlib.h>

#include "../graph/error.h"

namespace wengert::detail {
namespace {

std::string big_endian(std::size_t value) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    bytes += static_cast<char>(static_cast<unsigned char>(value >> shift & 0xFFU));
  return bytes;
}

std::string chunk(std::string_view type, std::string_view data) {
  std::string body(type);
  body += data;
  const uLong sum = crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  return big_endian(data.size()) + body + big_endian(sum);
}

}  // namespace

std::string grey_png(std::span<const std::uint8_t> pixels, std::size_t width, std::size_t height) {
  std::vector<std::uint8_t> rows;
  for (std::size_t y = 0; y < height; ++y) {
    rows.push_back(0);  // no filter
    const auto row = pixels.subspan(y * width, width);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  uLongf size = compressBound(rows.size());
  std::string packed(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size, rows.data(), rows.size(), 9) !=
      Z_OK)
    throw ValueError("image_strip: zlib cannot compress the picture; is memory short?");
  packed.resize(size);
  // 8 bits a pixel, grey, the one compression and filter method there is, not interlaced.
  const std::string header =
      big_endian(width) + big_endian(height) + std::string("\x08\x00\x00\x00\x00", 5);
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", packed) + chunk("IEND", {});
}

}  // namespace wengert::detail
