// SPDX-License-Identifier: MIT
// The tensors of the files in tests/golden; their schema is in the README there.
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include <wengert/graph/tensor.h>

namespace golden {

inline nlohmann::json file(const std::string& name) {
  std::ifstream in(WENGERT_SOURCE_DIR "/tests/golden/" + name);
  return nlohmann::json::parse(in);
}

inline double number(const nlohmann::json& text) {
  if (text.is_number()) return text.get<double>();
  return std::strtod(text.get_ref<const std::string&>().c_str(), nullptr);
}

/// i64 if the file says so, else `dtype`.
inline wengert::Tensor tensor(const nlohmann::json& json, wengert::DType dtype = wengert::f64) {
  wengert::Shape shape;
  for (const nlohmann::json& extent : json["shape"]) shape.append(extent.get<std::size_t>());
  const bool integers = json.contains("dtype");
  auto result = wengert::Tensor::empty(shape, integers ? wengert::i64 : wengert::f64);
  std::size_t i = 0;
  for (const nlohmann::json& value : json["values"]) {
    if (integers) result.mutable_data<std::int64_t>()[i++] = value.get<std::int64_t>();
    else result.mutable_data<double>()[i++] = number(value);
  }
  return integers ? result : result.to(dtype);
}

}  // namespace golden
