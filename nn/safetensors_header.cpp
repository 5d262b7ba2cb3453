// SPDX-License-Identifier: MIT
#include "safetensors_header.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "../graph/error.h"

namespace wengert::detail {
namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::array<StoredType, 13> types{{
    {"F64", Stored::f64, 8, DType::f64},
    {"F32", Stored::f32, 4, DType::f32},
    {"F16", Stored::f16, 2, DType::f32},
    {"BF16", Stored::bf16, 2, DType::f32},
    {"I64", Stored::i64, 8, DType::i64},
    {"I32", Stored::i32, 4, DType::i64},
    {"I16", Stored::i16, 2, DType::i64},
    {"I8", Stored::i8, 1, DType::i64},
    {"U64", Stored::u64, 8, DType::i64},
    {"U32", Stored::u32, 4, DType::i64},
    {"U16", Stored::u16, 2, DType::i64},
    {"U8", Stored::u8, 1, DType::i64},
    {"BOOL", Stored::boolean, 1, DType::i64},
}};

[[noreturn]] void fail(const std::string& file, const std::string& rule) {
  throw FileError(fmt::format("safetensors: '{}': {}", file, rule));
}

// Stops at the first brace too many, so that a header of brackets alone takes no memory.
Json parsed(std::string_view text, const std::string& file) {
  constexpr int deepest = 3;  // {tensor: {"shape": [
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start) {
      if (depth >= deepest) fail(file, "the header is nested deeper than the format knows");
      keys.resize(static_cast<std::size_t>(depth) + 1);
      keys.back().clear();
    } else if (event == Json::parse_event_t::key) {
      const auto& key = value.get_ref<const std::string&>();
      if (!keys[static_cast<std::size_t>(depth) - 1].insert(key).second)
        fail(file, fmt::format("the header names '{}' twice", key));
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), check);
  } catch (const Json::exception& error) {
    fail(file, fmt::format("the header is no JSON ({})", error.what()));
  }
}

std::optional<std::size_t> natural(const Json& value) {
  if (!value.is_number_unsigned()) return {};
  return value.get<std::size_t>();
}

// Only a tensor without elements may have an extent that is anything at all, and even then their
// product must be a number.
std::optional<std::size_t> bytes_of(const Shape& shape, std::size_t element) {
  std::size_t bytes = element;
  for (const std::size_t extent : shape)
    if (__builtin_mul_overflow(bytes, std::max<std::size_t>(extent, 1), &bytes)) return {};
  return shape.size() == 0 ? 0 : bytes;
}

StoredTensor tensor_of(const std::string& name, const Json& json, const std::string& file) {
  const auto broken = [&](const std::string& rule) {
    fail(file, fmt::format("'{}' {}", name, rule));
  };
  if (!json.is_object() || json.size() != 3 || !json.contains("dtype") || !json.contains("shape") ||
      !json.contains("data_offsets"))
    broken("does not have just dtype, shape and data_offsets");
  StoredTensor tensor{name, nullptr, {}, 0, 0};

  const Json& dtype = json["dtype"];
  if (!dtype.is_string()) broken("has a dtype that is no text");
  tensor.type = stored_type(dtype.get_ref<const std::string&>());
  if (!tensor.type)
    broken(fmt::format("has dtype {}, which is not known here; convert it to F32 where it was made",
                       dtype.dump()));

  const Json& shape = json["shape"];
  if (!shape.is_array() || shape.size() > Shape::max_rank)
    broken(fmt::format("has no shape of at most {} extents", Shape::max_rank));
  for (const Json& extent : shape) {
    const auto value = natural(extent);
    if (!value) broken(fmt::format("has an extent {} in its shape", extent.dump()));
    tensor.shape.append(*value);
  }

  const Json& offsets = json["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !natural(offsets[0]) || !natural(offsets[1]))
    broken("has data_offsets that are not two counts of bytes");
  tensor.begin = *natural(offsets[0]);
  tensor.end = *natural(offsets[1]);
  if (tensor.begin > tensor.end)
    broken(fmt::format("ends at byte {} before it begins at {}", tensor.end, tensor.begin));
  if (bytes_of(tensor.shape, tensor.type->size) != tensor.end - tensor.begin)
    broken(fmt::format("is {} of {}, which does not take its {} bytes", to_string(tensor.shape),
                       tensor.type->name, tensor.end - tensor.begin));
  return tensor;
}

// The elements of one tensor begin where those of the one before end.
void check_layout(const StoredHeader& header, std::size_t data_size, const std::string& file) {
  std::size_t end = 0;
  const std::string* previous = nullptr;
  for (const StoredTensor& tensor : header.tensors) {
    if (tensor.end > data_size)
      fail(file, fmt::format("'{}' ends at byte {} of {}; the file is cut off", tensor.name,
                             tensor.end, data_size));
    if (tensor.begin < end)
      fail(file, fmt::format("'{}' and '{}' overlap", *previous, tensor.name));
    if (tensor.begin > end)
      fail(file, fmt::format("bytes {} to {} belong to no tensor", end, tensor.begin));
    end = tensor.end;
    previous = &tensor.name;
  }
  if (end != data_size)
    fail(file, fmt::format("bytes {} to {} belong to no tensor", end, data_size));
}

}  // namespace

const StoredType* stored_type(std::string_view name) {
  const auto* const found = std::find_if(types.begin(), types.end(),
                                         [&](const StoredType& type) { return type.name == name; });
  return found == types.end() ? nullptr : found;
}
const StoredType& stored_type(DType dtype) {
  switch (dtype) {
    case DType::f32: return *stored_type("F32");
    case DType::f64: return *stored_type("F64");
    case DType::i64: break;
  }
  return *stored_type("I64");
}

std::size_t header_length(const std::array<std::byte, length_bytes>& first, std::size_t file_size,
                          const std::string& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, first.data(), length_bytes);
  if (length > file_size - length_bytes)
    fail(file, fmt::format("its header is to have {} bytes, but only {} follow; it is cut off, or "
                           "no safetensors file",
                           length, file_size - length_bytes));
  if (length > longest_header)
    fail(file, fmt::format("its header is to have {} bytes, more than the {} of the format", length,
                           longest_header));
  return length;
}

StoredHeader parse_header(std::string_view text, std::size_t data_size, const std::string& file) {
  if (!text.starts_with('{')) fail(file, "the header does not begin with '{'");
  const Json json = parsed(text, file);
  StoredHeader header;
  for (const auto& [name, value] : json.items()) {
    if (name != "__metadata__") {
      header.tensors.push_back(tensor_of(name, value, file));
      continue;
    }
    for (const auto& [key, entry] : value.items()) {
      if (!value.is_object() || !entry.is_string())
        fail(file, "__metadata__ is not a list of names and texts");
      header.metadata[key] = entry.get<std::string>();
    }
  }
  std::sort(header.tensors.begin(), header.tensors.end(),
            [](const StoredTensor& a, const StoredTensor& b) {
              return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
            });
  check_layout(header, data_size, file);
  return header;
}

std::string header_text(const StoredHeader& header) {
  Json json = Json::object();
  if (!header.metadata.empty()) json["__metadata__"] = header.metadata;
  for (const StoredTensor& tensor : header.tensors)
    json[tensor.name] = {
        {"dtype", tensor.type->name},
        {"shape", std::vector<std::size_t>(tensor.shape.begin(), tensor.shape.end())},
        {"data_offsets", {tensor.begin, tensor.end}}};
  std::string text;
  try {
    text = json.dump();
  } catch (const Json::exception& error) {
    throw ValueError(
        fmt::format("save_tensors: names and metadata have to be UTF-8 ({})", error.what()));
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace wengert::detail
