// SPDX-License-Identifier: MIT
#include "safetensors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "../data/file_replacement.h"
#include "../graph/error.h"
#include "safetensors_header.h"

namespace wengert {
namespace detail {
namespace {

std::span<const std::byte> bytes_of(const Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.address()), tensor.size() * size_of(tensor.dtype())};
}
std::span<std::byte> writable_bytes(Tensor& tensor) {
  return dispatch(tensor.dtype(),
                  [&]<class T>(T) { return std::as_writable_bytes(tensor.mutable_data<T>()); });
}

float from_half(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  float magnitude = 0;
  if (exponent == 31) {
    magnitude = fraction == 0 ? std::numeric_limits<float>::infinity()
                              : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  }
  return bits >> 15 ? -magnitude : magnitude;
}
float from_bfloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

template <class From, class To, class F>
void convert(std::span<const std::byte> raw, std::span<To> out, F f) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    From value;
    std::memcpy(&value, raw.data() + i * sizeof(From), sizeof(From));
    out[i] = f(value);
  }
}
template <class From>
void widen(std::span<const std::byte> raw, Tensor& out) {
  convert<From>(raw, out.mutable_data<std::int64_t>(),
                [](From value) { return static_cast<std::int64_t>(value); });
}

void fill_converted(std::span<const std::byte> raw, const StoredTensor& stored,
                    const std::string& file, Tensor& out) {
  switch (stored.type->stored) {
    case Stored::f16: return convert<std::uint16_t>(raw, out.mutable_data<float>(), from_half);
    case Stored::bf16: return convert<std::uint16_t>(raw, out.mutable_data<float>(), from_bfloat);
    case Stored::i32: return widen<std::int32_t>(raw, out);
    case Stored::i16: return widen<std::int16_t>(raw, out);
    case Stored::i8: return widen<std::int8_t>(raw, out);
    case Stored::u32: return widen<std::uint32_t>(raw, out);
    case Stored::u16: return widen<std::uint16_t>(raw, out);
    case Stored::u8:
    case Stored::boolean: return widen<std::uint8_t>(raw, out);
    default: break;
  }
  convert<std::uint64_t>(raw, out.mutable_data<std::int64_t>(), [&](std::uint64_t value) {
    if (value > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
      throw FileError(fmt::format("safetensors: '{}': '{}' holds {}, more than an i64 can", file,
                                  stored.name, value));
    return static_cast<std::int64_t>(value);
  });
}

/// `read(offset, bytes)` fills `bytes` from the file.
template <class Read>
SafeTensors read_all(std::size_t file_size, const std::string& file, Read read) {
  if (file_size < length_bytes)
    throw FileError(fmt::format(
        "safetensors: '{}': it has {} bytes, too few for any; it is cut off", file, file_size));
  std::array<std::byte, length_bytes> first{};
  read(0, std::span(first));
  std::string text(header_length(first, file_size, file), '\0');
  read(length_bytes, std::as_writable_bytes(std::span(text)));
  const std::size_t elements = length_bytes + text.size();
  StoredHeader header = parse_header(text, file_size - elements, file);

  SafeTensors result{{}, std::move(header.metadata)};
  std::vector<std::byte> raw;
  for (const StoredTensor& stored : header.tensors) {
    Tensor tensor = Tensor::empty(stored.shape, stored.type->read_as);
    if (stored_type(stored.type->read_as).stored == stored.type->stored) {
      read(elements + stored.begin, writable_bytes(tensor));
    } else {
      raw.resize(stored.end - stored.begin);
      read(elements + stored.begin, std::span(raw));
      fill_converted(raw, stored, file, tensor);
    }
    result.tensors.emplace(stored.name, std::move(tensor));
  }
  return result;
}

}  // namespace
}  // namespace detail

void save_tensors(const std::string& path, const std::map<std::string, Tensor>& tensors,
                  const std::map<std::string, std::string>& metadata) {
  detail::StoredHeader header{{}, metadata};
  std::vector<const Tensor*> order;
  std::size_t end = 0;
  // The wide ones first, so that all elements are aligned.
  for (const std::size_t width : {std::size_t{8}, std::size_t{4}})
    for (const auto& [name, tensor] : tensors) {
      if (!tensor.defined() || name == "__metadata__")
        throw ValueError(fmt::format(
            "save_tensors: '{}' {}", name,
            tensor.defined() ? "is no name for a tensor in this format" : "holds nothing"));
      if (size_of(tensor.dtype()) != width) continue;
      const std::size_t begin = end;
      end += tensor.size() * width;
      header.tensors.push_back(
          {name, &detail::stored_type(tensor.dtype()), tensor.shape(), begin, end});
      order.push_back(&tensor);
    }
  const std::string text = detail::header_text(header);
  const std::uint64_t length = text.size();
  detail::FileReplacement file("save_tensors", path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(text);
  for (const Tensor* tensor : order) file.write(detail::bytes_of(*tensor));
  file.put_in_place();
}

SafeTensors load_tensors(const std::string& path) {
  std::error_code reason;
  const bool is_file = std::filesystem::is_regular_file(path, reason);
  if (!is_file)
    throw FileError(fmt::format("safetensors: cannot open '{}': {}", path,
                                reason ? reason.message() : "it is no file"));
  const std::size_t size = std::filesystem::file_size(path, reason);
  std::ifstream in(path, std::ios::binary);
  if (reason || !in)
    throw FileError(fmt::format("safetensors: cannot open '{}'; may you read it?", path));
  return detail::read_all(size, path, [&](std::size_t offset, std::span<std::byte> bytes) {
    in.seekg(static_cast<std::streamoff>(offset));
    in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!in) throw FileError(fmt::format("safetensors: cannot read '{}' to its end", path));
  });
}

SafeTensors parse_tensors(std::span<const std::byte> bytes, const std::string& name) {
  return detail::read_all(bytes.size(), name, [&](std::size_t offset, std::span<std::byte> into) {
    const auto from = bytes.subspan(offset, into.size());
    std::copy(from.begin(), from.end(), into.begin());
  });
}

}  // namespace wengert
