// SPDX-License-Identifier: MIT
// Element types of a Tensor. There is no silent promotion: mixing two is an error that names both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace wengert {

enum class DType : std::uint8_t {
  f32,  ///< what models train in
  f64,  ///< what gradients are checked in
  i64,  ///< indices and labels; never differentiated
};
inline constexpr DType f32 = DType::f32;
inline constexpr DType f64 = DType::f64;
inline constexpr DType i64 = DType::i64;

constexpr bool is_float(DType dtype) { return dtype != DType::i64; }
constexpr std::size_t size_of(DType dtype) { return dtype == DType::f32 ? 4 : 8; }
std::string_view to_string(DType dtype);

template <class T>
concept Element =
    std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, std::int64_t>;

template <Element T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::f32;
  if constexpr (std::is_same_v<T, double>) return DType::f64;
  return DType::i64;
}

/// Calls `f` with a zero of the element type that `dtype` names: `f(float{})`, ...
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32: return f(float{});
    case DType::f64: return f(double{});
    case DType::i64: break;
  }
  return f(std::int64_t{});
}

/// As `dispatch`, for ops that have checked that the type is a floating one.
template <class F>
decltype(auto) dispatch_float(DType dtype, F&& f) {
  if (dtype == DType::f32) return f(float{});
  return f(double{});
}

}  // namespace wengert
