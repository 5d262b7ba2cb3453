// SPDX-License-Identifier: MIT
// Optional: lets a program that uses fmt itself write fmt::format("{}", tensor); the text is
// to_string's. This header includes fmt, so no other header of ours includes it; print.h does
// without.
#pragma once

#include <fmt/format.h>

#include "dtype.h"
#include "parameter.h"
#include "shape.h"
#include "tensor.h"
#include "var.h"

namespace wengert::detail {

/// Takes width, fill and alignment, as for strings.
template <class T>
struct TextFormatter : fmt::formatter<fmt::string_view> {
  template <class Context>
  auto format(const T& value, Context& context) const {
    return fmt::formatter<fmt::string_view>::format(to_string(value), context);
  }
};

}  // namespace wengert::detail

template <>
struct fmt::formatter<wengert::Shape> : wengert::detail::TextFormatter<wengert::Shape> {};
template <>
struct fmt::formatter<wengert::DType> : wengert::detail::TextFormatter<wengert::DType> {};
template <>
struct fmt::formatter<wengert::Tensor> : wengert::detail::TextFormatter<wengert::Tensor> {};
template <>
struct fmt::formatter<wengert::Var> : wengert::detail::TextFormatter<wengert::Var> {};
template <>
struct fmt::formatter<wengert::Parameter> : wengert::detail::TextFormatter<wengert::Parameter> {};
