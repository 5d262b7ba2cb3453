// SPDX-License-Identifier: MIT
#include "npy.h"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "../graph/error.h"
#include "binary_values.h"
#include "file_replacement.h"
#include "npy_format.h"

namespace wengert::data {
namespace {

NpyHeader header(ByteSource& source) {
  constexpr std::string_view magic = "\x93NUMPY";
  std::array<char, 8> start{};
  source.fill(start);
  const auto version = static_cast<unsigned char>(start[6]);
  if (std::string_view(start.data(), magic.size()) != magic || version < 1 || version > 3)
    source.fail("is no .npy file of version 1, 2 or 3");
  std::array<char, 4> length{};
  source.fill(std::span(length).first(version == 1 ? 2 : 4));
  const std::size_t size = version == 1
                               ? number_of<std::uint16_t>(length.data(), std::endian::little)
                               : number_of<std::uint32_t>(length.data(), std::endian::little);
  constexpr std::size_t longest = 1 << 16;
  if (size > longest)
    source.fail(fmt::format("has a .npy header of {} bytes, more than {}", size, longest));
  std::string text(size, '\0');
  source.fill(text);
  const NpyHeader result = parse_npy_header(source.origin(), text);
  source.require(result.shape.size() * result.size,
                 fmt::format("{}{} {}", result.kind, result.size, to_string(result.shape)));
  return result;
}

/// IEEE 754 binary16.
struct Half {
  std::uint16_t bits;
};

float widened(Half half) {
  const int exponent = (half.bits >> 10) & 0x1f;
  const auto fraction = static_cast<float>(half.bits & 0x3ff);
  float magnitude = 0;
  if (exponent == 0x1f)
    magnitude = fraction == 0 ? std::numeric_limits<float>::infinity()
                              : std::numeric_limits<float>::quiet_NaN();
  else
    magnitude =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024.0f, exponent - 25);
  return (half.bits & 0x8000) != 0 ? -magnitude : magnitude;
}

void read_integers(ByteSource& source, const NpyHeader& header, std::span<std::int64_t> out) {
  const auto read = [&]<class From>(From) { read_values<From>(source, out, header.order); };
  const bool is_signed = header.kind == 'i';
  switch (header.size) {
    case 1:
      if (is_signed) return read(std::int8_t{});
      if (header.kind == 'u') return read(std::uint8_t{});
      return read_values<std::uint8_t>(source, out, header.order,
                                       [](std::uint8_t value) { return std::int64_t{value != 0}; });
    case 2: return is_signed ? read(std::int16_t{}) : read(std::uint16_t{});
    case 4: return is_signed ? read(std::int32_t{}) : read(std::uint32_t{});
    default: break;
  }
  if (is_signed) return read(std::int64_t{});
  read_values<std::uint64_t>(source, out, header.order, [&](std::uint64_t value) {
    if (value > std::numeric_limits<std::int64_t>::max())
      source.fail(fmt::format("holds {}, beyond what int64 can", value));
    return static_cast<std::int64_t>(value);
  });
}

void read_elements(ByteSource& source, const NpyHeader& header, Tensor& into) {
  if (header.kind != 'f') read_integers(source, header, into.mutable_data<std::int64_t>());
  else if (header.size == 2)
    read_values<Half>(source, into.mutable_data<float>(), header.order, widened);
  else if (header.size == 4) read_values<float>(source, into.mutable_data<float>(), header.order);
  else read_values<double>(source, into.mutable_data<double>(), header.order);
}

/// Elements that come with the first axis the quickest, brought into rows.
Tensor rows_of_fortran(const Tensor& columns, const Shape& shape) {
  Tensor result = Tensor::empty(shape, columns.dtype());
  dispatch(columns.dtype(), [&]<class T>(T) {
    const std::span<const T> in = columns.data<T>();
    const std::span<T> out = result.mutable_data<T>();
    std::vector<std::size_t> stride(shape.rank(), 1), index(shape.rank(), 0);
    for (std::size_t axis = shape.rank(); axis-- > 1;)
      stride[axis - 1] = stride[axis] * shape[axis];
    std::size_t to = 0;
    for (const T value : in) {
      out[to] = value;
      for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
        to += stride[axis];
        if (++index[axis] < shape[axis]) break;
        to -= stride[axis] * shape[axis];
        index[axis] = 0;
      }
    }
  });
  return result;
}

}  // namespace

Tensor read_npy(ByteSource& source) {
  const NpyHeader found = header(source);
  const DType dtype = found.kind != 'f' ? i64 : found.size == 8 ? f64 : f32;
  Tensor result = Tensor::empty(found.shape, dtype);
  read_elements(source, found, result);
  source.require_end();
  return found.fortran && found.shape.rank() > 1 ? rows_of_fortran(result, found.shape) : result;
}

Tensor read_npy(const std::string& path) {
  ByteSource source = ByteSource::file("read_npy", path);
  return read_npy(source);
}
Tensor read_npy(std::span<const std::byte> bytes) {
  ByteSource source = ByteSource::memory("read_npy", bytes);
  return read_npy(source);
}

void write_npy(const std::string& path, const Tensor& tensor) {
  if (!tensor.defined())
    throw ValueError(fmt::format("write_npy: '{}': the tensor holds nothing", path));
  detail::FileReplacement file("write_npy", path);
  file.write(npy_preamble(tensor));
  file.write(
      {static_cast<const std::byte*>(tensor.address()), tensor.size() * size_of(tensor.dtype())});
  file.put_in_place();
}

}  // namespace wengert::data
