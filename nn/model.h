// SPDX-License-Identifier: MIT
// What is done to a whole model: another precision, a copy, parts of it frozen. Its values by name
// are in state.h, files in save.h.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "../graph/buffer.h"
#include "../graph/dtype.h"
#include "../graph/members.h"
#include "../graph/parameter.h"

namespace wengert {

namespace detail {
void require_float(const char* what, DType dtype);
std::size_t set_trainable_of(const char* what,
                             const std::vector<std::pair<std::string, Parameter*>>& list,
                             std::string_view pattern, bool trainable);
template <class Model>
std::size_t set_trainable(const char* what, Model& model, std::string_view pattern,
                          bool trainable) {
  std::vector<std::pair<std::string, Parameter*>> list;
  for_each_parameter(model, [&](const std::string& path, Parameter& parameter) {
    list.emplace_back(path, &parameter);
  });
  return set_trainable_of(what, list, pattern, trainable);
}
}  // namespace detail

/// Converts parameters and buffers to f32 or f64; buffers of i64 stay. Identities, names and what
/// is frozen stay too. An optimizer that has been used before refuses the converted model. Errors:
/// DTypeError for i64; ValueError if a size is not known yet (see build).
template <class Model>
void to(Model& model, DType dtype) {
  detail::require_float("to", dtype);
  parameters(model);  // all have values
  for_each_member(model, [&](const std::string&, auto& member) {
    using Member = std::remove_cvref_t<decltype(member)>;
    if constexpr (std::same_as<Member, Parameter>) {
      const Parameter converted(member.value().to(dtype));
      member = converted;  // a copy leaves the identity alone
    } else if constexpr (std::same_as<Member, Buffer>) {
      if (is_float(member.value().dtype())) member.replace(member.value().to(dtype));
    }
  });
}

/// A model of its own with the same values, buffers, random generators and frozen flags. It is what
/// copying does; the name says that it is meant.
template <std::copy_constructible Model>
Model clone(const Model& model) {
  return model;
}

/// Freezes the parameters whose path fits `pattern` ('*' for any characters, '?' for one; see
/// path_pattern.h) and returns how many there are: freeze(model, "encoder.*"). They get no gradient
/// and no update. Buffers go on following: of a BatchNorm only weight and bias are frozen.
/// Errors: ValueError listing the paths if none fits.
template <class Model>
std::size_t freeze(Model& model, std::string_view pattern = "*") {
  return detail::set_trainable("freeze", model, pattern, false);
}
template <class Model>
std::size_t unfreeze(Model& model, std::string_view pattern = "*") {
  return detail::set_trainable("unfreeze", model, pattern, true);
}

}  // namespace wengert
