// SPDX-License-Identifier: MIT
// What a model is when it is not running: its parameters and buffers by path name, as PyTorch's
// state_dict has them. Files of it are in save.h.
#pragma once

#include <concepts>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "../graph/buffer.h"
#include "../graph/members.h"
#include "../graph/parameter.h"
#include "../graph/tensor.h"

namespace wengert {

namespace detail {

/// A parameter or a buffer of a model, and where it is: several names if its weight is tied.
struct StateSlot {
  std::vector<std::string> names;
  Parameter* parameter = nullptr;
  Buffer* buffer = nullptr;
  const Tensor& value() const { return parameter ? parameter->value() : buffer->value(); }
};
template <class Model>
std::vector<StateSlot> state_slots(Model& model) {
  std::vector<StateSlot> slots;
  for_each_member(model, [&](const std::string& path, auto& member) {
    using Member = std::remove_cvref_t<decltype(member)>;
    if constexpr (std::same_as<Member, Parameter>) {
      require_value(member, path);
      for (StateSlot& known : slots)
        if (known.parameter == &member) return known.names.push_back(path);
      slots.push_back({{path}, &member, nullptr});
    } else if constexpr (std::same_as<Member, Buffer>) {
      slots.push_back({{path}, nullptr, &member});
    }
  });
  return slots;
}
void load_state(std::span<const StateSlot> slots, const std::map<std::string, Tensor>& values,
                const std::string& from);

}  // namespace detail

/// Parameters and buffers by path. Cheap: what is not changed afterwards is shared. Of tied weights
/// the first name counts. Errors: ValueError if a size is not known yet (see build).
template <class Model>
std::map<std::string, Tensor> state(const Model& model) {
  std::map<std::string, Tensor> result;
  std::vector<const Parameter*> seen;
  for_each_member(model, [&](const std::string& path, const auto& member) {
    using Member = std::remove_cvref_t<decltype(member)>;
    if constexpr (std::same_as<Member, Parameter>) {
      detail::require_value(member, path);
      for (const Parameter* known : seen)
        if (known == &member) return;
      seen.push_back(&member);
    }
    if constexpr (!std::same_as<Member, Rng>) result.insert_or_assign(path, member.value());
  });
  return result;
}

/// Puts these values into the model's parameters and buffers, all of them or, if anything does not
/// fit, none. f32 becomes f64, and i64 a float that holds it exactly, where the model has these.
/// `from` is what messages call the values.
/// Errors: ValueError listing every name that is missing or unknown, and every shape and dtype that
/// differs.
template <class Model>
void load_state(Model& model, const std::map<std::string, Tensor>& values,
                const std::string& from = "the state") {
  detail::load_state(detail::state_slots(model), values, from);
  for_each_module(model, [](const std::string&, auto& module) {
    if constexpr (requires { module.state_loaded(); }) module.state_loaded();
  });
}

}  // namespace wengert
