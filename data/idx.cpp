// SPDX-License-Identifier: MIT
#include "idx.h"

#include <array>
#include <bit>

#include <fmt/format.h>

#include "binary_values.h"
#include "idx_stream.h"

namespace wengert::data {
namespace {

struct Type {
  unsigned char code;
  const char* name;
  std::size_t size;
  DType dtype;
};
constexpr Type types[] = {
    {0x08, "u8", 1, f32},  {0x09, "i8", 1, f32},  {0x0b, "i16", 2, f32},
    {0x0c, "i32", 4, i64}, {0x0d, "f32", 4, f32}, {0x0e, "f64", 8, f64},
};

struct Header {
  const Type* type = nullptr;
  Shape shape;
};

Header header(ByteSource& source) {
  std::array<char, 4> magic{};
  source.fill(magic);
  Header result;
  for (const Type& type : types)
    if (static_cast<unsigned char>(magic[2]) == type.code) result.type = &type;
  const auto rank = static_cast<std::size_t>(static_cast<unsigned char>(magic[3]));
  if (magic[0] != 0 || magic[1] != 0 || !result.type || rank == 0 || rank > Shape::max_rank)
    source.fail(fmt::format(
        "is no IDX file: it begins with {:02x}, not with 00 00, a type and 1 to {} axes",
        fmt::join(std::span(static_cast<const unsigned char*>(static_cast<void*>(magic.data())), 4),
                  " "),
        Shape::max_rank));
  std::uint64_t bytes = result.type->size;
  bool overflow = false;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    std::array<char, 4> extent{};
    source.fill(extent);
    result.shape.append(number_of<std::uint32_t>(extent.data(), std::endian::big));
    overflow |= __builtin_mul_overflow(bytes, result.shape.back(), &bytes);
  }
  const std::string claim = fmt::format("{} {}", result.type->name, to_string(result.shape));
  if (overflow) source.fail(fmt::format("claims more than any file can hold: {}", claim));
  source.require(bytes, claim);
  return result;
}

template <class To>
Tensor values(ByteSource& source, const Header& header) {
  constexpr std::endian big = std::endian::big;
  Tensor result = Tensor::empty(header.shape, dtype_of<To>());
  const std::span<To> out = result.mutable_data<To>();
  switch (header.type->code) {
    case 0x08: read_values<std::uint8_t>(source, out, big); break;
    case 0x09: read_values<std::int8_t>(source, out, big); break;
    case 0x0b: read_values<std::int16_t>(source, out, big); break;
    case 0x0c: read_values<std::int32_t>(source, out, big); break;
    case 0x0d: read_values<float>(source, out, big); break;
    default: read_values<double>(source, out, big); break;
  }
  source.require_end();
  return result;
}

}  // namespace

Tensor read_idx(ByteSource& source) {
  const Header found = header(source);
  return dispatch(found.type->dtype, [&]<class T>(T) { return values<T>(source, found); });
}

Tensor read_idx_labels(ByteSource& source, std::int64_t classes) {
  const Header found = header(source);
  if (found.shape.rank() != 1 || found.type->code > 0x0c)
    source.fail(fmt::format("holds {} {}, and labels are whole numbers along one axis",
                            found.type->name, to_string(found.shape)));
  Tensor labels = values<std::int64_t>(source, found);
  std::size_t index = 0;
  for (const std::int64_t label : std::as_const(labels).data<std::int64_t>()) {
    if (label < 0 || label >= classes)
      source.fail(fmt::format("holds label {} at {}, outside [0, {})", label, index, classes));
    ++index;
  }
  return labels;
}

Tensor read_idx(const std::string& path) {
  ByteSource source = ByteSource::file("read_idx", path);
  return read_idx(source);
}
Tensor read_idx(std::span<const std::byte> bytes) {
  ByteSource source = ByteSource::memory("read_idx", bytes);
  return read_idx(source);
}
Tensor read_idx_labels(const std::string& path, std::int64_t classes) {
  ByteSource source = ByteSource::file("read_idx_labels", path);
  return read_idx_labels(source, classes);
}
Tensor read_idx_labels(std::span<const std::byte> bytes, std::int64_t classes) {
  ByteSource source = ByteSource::memory("read_idx_labels", bytes);
  return read_idx_labels(source, classes);
}

}  // namespace wengert::data
