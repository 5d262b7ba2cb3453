// SPDX-License-Identifier: MIT
#include "png.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <zlib.h>

#include "../graph/error.h"

namespace wengert::detail {
namespace {

std::string big_endian(std::size_t word) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    bytes.push_back(static_cast<char>(word >> shift & 0xFF));
  return bytes;
}

const Bytef* bytes_of(const std::string& text) {
  return reinterpret_cast<const Bytef*>(text.data());
}

/// Length, name, content, and the sum of the latter two.
std::string chunk(std::string_view name, std::string_view content) {
  const std::string body = std::string(name).append(content);
  const uLong sum = crc32(0, bytes_of(body), static_cast<uInt>(body.size()));
  return big_endian(content.size()) + body + big_endian(sum);
}

std::string deflated(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string result(size, '\0');
  if (compress(reinterpret_cast<Bytef*>(result.data()), &size, bytes_of(bytes), bytes.size()) !=
      Z_OK)
    throw std::bad_alloc();
  result.resize(size);
  return result;
}

char level(double value) {
  const double inside = std::isnan(value) ? 0.0 : std::clamp(value, 0.0, 1.0);
  return static_cast<char>(static_cast<std::uint8_t>(std::lround(255.0 * inside)));
}

}  // namespace

std::string png(const char* op, const Tensor& pixels) {
  const Shape& shape = pixels.shape();
  const bool colour = shape.rank() == 3 && shape[2] == 3;
  if (!(shape.rank() == 2 || colour) || shape.size() == 0)
    throw ShapeError(fmt::format("{}: a picture is [height, width] or [height, width, 3], got {}",
                                 op, to_string(shape)));
  const Tensor wide = pixels.to(f64);
  const std::span<const double> values = wide.data<double>();
  const std::size_t line = shape.size() / shape[0];
  std::string lines;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % line == 0) lines.push_back('\0');  // no filter
    lines.push_back(level(values[i]));
  }
  // 8 bits a channel, grey or red-green-blue, the only methods there are, not interlaced.
  const std::string header = big_endian(shape[1]) + big_endian(shape[0]) + '\x08' +
                             (colour ? '\x02' : '\x00') + std::string(3, '\0');
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", deflated(lines)) +
         chunk("IEND", "");
}

}  // namespace wengert::detail
