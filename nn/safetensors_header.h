// SPDX-License-Identifier: MIT
// The header of a safetensors file, read with every length checked, and written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../graph/shape.h"
#include "../graph/tensor.h"

namespace wengert::detail {

/// The dtypes of the format that can be read, and what each is read as.
enum class Stored : std::uint8_t {
  f64,
  f32,
  f16,
  bf16,
  i64,
  i32,
  i16,
  i8,
  u64,
  u32,
  u16,
  u8,
  boolean,
};
struct StoredType {
  std::string_view name;
  Stored stored;
  std::size_t size;
  DType read_as;
};
const StoredType* stored_type(std::string_view name);
const StoredType& stored_type(DType dtype);

struct StoredTensor {
  std::string name;
  const StoredType* type;
  Shape shape;
  std::size_t begin;  ///< in bytes, from the end of the header
  std::size_t end;
};
struct StoredHeader {
  std::vector<StoredTensor> tensors;  ///< in the order of their elements
  std::map<std::string, std::string> metadata;
};

/// What precedes the header: its length, little-endian.
inline constexpr std::size_t length_bytes = 8;
/// What the format's own readers accept.
inline constexpr std::size_t longest_header = 100'000'000;

/// Errors: FileError if a file of `file_size` bytes that begins with these cannot be whole.
std::size_t header_length(const std::array<std::byte, length_bytes>& first, std::size_t file_size,
                          const std::string& file);
/// `data_size` bytes follow the header. Errors: FileError naming the file and the rule it breaks.
StoredHeader parse_header(std::string_view text, std::size_t data_size, const std::string& file);
/// With the spaces that make the elements begin at a multiple of 8, without the length.
std::string header_text(const StoredHeader& header);

}  // namespace wengert::detail
