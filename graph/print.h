// SPDX-License-Identifier: MIT
// Printing for examples and quick looks: `print("y = {} x + {}", line.weight, line.bias)`. Format
// strings are fmt's (https://fmt.dev/9.1.0/syntax.html), which no header shows; programs that use
// fmt themselves find formatters for our types in format.h.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "parameter.h"
#include "tensor.h"
#include "var.h"

namespace wengert {

namespace detail {

/// The element of a tensor that has just one: six significant digits unless the format says more.
struct OnlyElement {
  double value;
};
using Argument =
    std::variant<bool, char, std::int64_t, std::uint64_t, float, double, OnlyElement, std::string>;

template <class T>
concept Described = requires(const T& value) {
  { to_string(value) } -> std::convertible_to<std::string_view>;
};

inline Argument argument(const Tensor& tensor) {
  if (tensor.defined() && tensor.size() == 1) return OnlyElement{tensor.item()};
  return to_string(tensor);
}
inline Argument argument(const Var& var) { return argument(var.value()); }
inline Argument argument(const Parameter& parameter) { return argument(parameter.value()); }
template <class T>
Argument argument(const T& value) {
  if constexpr (std::same_as<T, bool> || std::same_as<T, char> || std::floating_point<T>) {
    if constexpr (std::same_as<T, long double>) return static_cast<double>(value);
    else return value;
  } else if constexpr (std::signed_integral<T>) {
    return std::int64_t{value};
  } else if constexpr (std::unsigned_integral<T>) {
    return std::uint64_t{value};
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    return std::string(std::string_view(value));
  } else {
    static_assert(Described<T>, "an argument is a number, a string, or has a to_string(value)");
    return std::string(to_string(value));
  }
}

/// `op` is the name for error messages.
std::string format(const char* op, std::string_view text, std::span<const Argument> arguments);
void print(std::string_view text, std::span<const Argument> arguments);

}  // namespace detail

/// The text with each {} replaced by the next argument: a number, a string, or anything with a
/// to_string. A Tensor, Var or Parameter of one element counts as a number ("{:.3f}").
/// Errors: ValueError naming the format string if it does not fit the arguments.
template <class... Arguments>
std::string format(std::string_view text, const Arguments&... arguments) {
  const std::array<detail::Argument, sizeof...(Arguments)> list{detail::argument(arguments)...};
  return detail::format("format", text, std::span<const detail::Argument>(list));
}

/// The same as a line on the standard output, shown at once.
template <class... Arguments>
void print(std::string_view text, const Arguments&... arguments) {
  const std::array<detail::Argument, sizeof...(Arguments)> list{detail::argument(arguments)...};
  detail::print(text, std::span<const detail::Argument>(list));
}

}  // namespace wengert
