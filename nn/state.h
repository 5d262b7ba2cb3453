// SPDX-License-Identifier: MIT
// What a model is when it is not running: its parameters and buffers by path name, as PyTorch's
// state_dict has them. Files of it are in save.h.
#pragma once

#include <concepts>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
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
/// Errors, always: ValueError.
[[noreturn]] void two_members_called(const std::string& path);
template <class Model>
std::vector<StateSlot> state_slots(Model& model) {
  std::vector<StateSlot> slots;
  std::set<std::string> names;
  for_each_member(model, [&](const std::string& path, auto& member) {
    using Member = std::remove_cvref_t<decltype(member)>;
    if constexpr (std::same_as<Member, Parameter>) {
      require_value(member, path);
      for (StateSlot& known : slots)
        if (known.parameter == &member) return known.names.push_back(path);
      if (!names.insert(path).second) two_members_called(path);
      slots.push_back({{path}, &member, nullptr});
    } else if constexpr (std::same_as<Member, Buffer>) {
      if (!names.insert(path).second) two_members_called(path);
      slots.push_back({{path}, nullptr, &member});
    }
  });
  return slots;
}
/// `problems` are those that modules found themselves.
void load_state(std::span<const StateSlot> slots, const std::map<std::string, Tensor>& values,
                const std::string& from, std::vector<std::string> problems);

}  // namespace detail

/// Parameters and buffers by path. Cheap: what is not changed afterwards is shared. Of tied weights
/// the first name counts. Errors: ValueError if a size is not known yet (see build) or two members
/// have one name.
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
    if constexpr (!std::same_as<Member, Rng>)
      if (!result.emplace(path, member.value()).second) detail::two_members_called(path);
  });
  return result;
}

/// Puts these values into the model's parameters and buffers, all of them or, if anything does not
/// fit, none. f32 becomes f64, and i64 a float that holds it exactly, where the model has these.
/// `from` is what messages call the values.
/// Errors: ValueError listing every name that is missing or unknown, every shape and dtype that
/// differs, and every mask that is none; or if two members have one name.
template <class Model>
void load_state(Model& model, const std::map<std::string, Tensor>& values,
                const std::string& from = "the state") {
  std::vector<std::string> problems;
  for_each_module(model, [&](const std::string& path, auto& module) {
    if constexpr (requires { module.find_problem(path, values, from); })
      if (std::string problem = module.find_problem(path, values, from); !problem.empty())
        problems.push_back(std::move(problem));
  });
  detail::load_state(detail::state_slots(model), values, from, std::move(problems));
  for_each_module(model, [](const std::string&, auto& module) {
    if constexpr (requires { module.state_loaded(); }) module.state_loaded();
  });
}

}  // namespace wengert
