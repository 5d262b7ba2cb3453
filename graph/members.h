// SPDX-License-Identifier: MIT
// The member list of a module, and what follows from it. A module is anything callable with a Var
// that returns a Var; one with parameters lists its members once:
//
//     static void members(auto& self, auto&& visit) { visit("weight", self.weight); ... }
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "buffer.h"
#include "parameter.h"
#include "rng.h"
#include "tape.h"

namespace wengert {

namespace detail {
struct AnyVisitor {
  void operator()(std::string_view, auto&&) const {}
};
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
}  // namespace detail

/// A type that lists its members.
template <class T>
concept HasMembers = requires(T& module) {
  std::remove_const_t<T>::members(module, detail::AnyVisitor{});
};

namespace detail {
template <class Module>
struct ByReference {
  const Module* module;
  auto operator()(const auto&... xs) const requires std::invocable<const Module&, decltype(xs)...> {
    return (*module)(xs...);
  }
};
/// How a function over functions keeps what it is given: a named module is referred to, because a
/// copy would have parameters of its own, which nobody trains; anything else is kept by value.
template <class F>
auto held(F&& f) {
  using Plain = std::remove_cvref_t<F>;
  if constexpr (std::is_lvalue_reference_v<F> && HasMembers<Plain>) {
    return ByReference<Plain>{&f};
  } else {
    return std::decay_t<F>(std::forward<F>(f));
  }
}

std::string path_of(const std::string& module, std::string_view member);
}  // namespace detail

/// Calls f(path, member) for every Parameter, Buffer and Rng, depth first in the order of the
/// lists. Members that are none of these, nor modules with a list, nor vectors of these, are
/// functions and have none.
template <class Module, class F>
void for_each_member(Module& module, F&& f, const std::string& path = {}) {
  using Plain = std::remove_const_t<Module>;
  if constexpr (std::same_as<Plain, Parameter> || std::same_as<Plain, Buffer> ||
                std::same_as<Plain, Rng>) {
    f(path, module);
  } else if constexpr (detail::is_vector<Plain>) {
    for (std::size_t i = 0; i < module.size(); ++i)
      for_each_member(module[i], f, detail::path_of(path, std::to_string(i)));
  } else if constexpr (HasMembers<Module>) {
    if constexpr (requires { module.located(path); }) module.located(path);
    Plain::members(module, [&](std::string_view name, auto& member) {
      for_each_member(member, f, detail::path_of(path, name));
    });
  }
}

namespace detail {
[[noreturn]] void no_value(const std::string& path);
/// Errors: ValueError if the parameter at `path` has no value yet.
inline void require_value(const Parameter& parameter, const std::string& path) {
  if (!parameter.value().defined()) no_value(path);
}
}  // namespace detail

/// Calls f(path, module) for every module that lists members, outer ones first.
template <class Module, class F>
void for_each_module(Module& module, F&& f, const std::string& path = {}) {
  using Plain = std::remove_const_t<Module>;
  if constexpr (detail::is_vector<Plain>) {
    for (std::size_t i = 0; i < module.size(); ++i)
      for_each_module(module[i], f, detail::path_of(path, std::to_string(i)));
  } else if constexpr (HasMembers<Module>) {
    f(path, module);
    Plain::members(module, [&](std::string_view name, auto& member) {
      for_each_module(member, f, detail::path_of(path, name));
    });
  }
}

/// Calls f(path, parameter) for every parameter, in the same order.
/// Errors: ValueError if one has no value yet, because its layer waits for its first batch.
template <class Module, class F>
void for_each_parameter(Module& module, F&& f, const std::string& path = {}) {
  for_each_member(
      module,
      [&](const std::string& where, auto& member) {
        if constexpr (std::same_as<std::remove_cvref_t<decltype(member)>, Parameter>) {
          detail::require_value(member, where);
          f(where, member);
        }
      },
      path);
}

/// The parameters of a model, each once; each is told its path ("encoder.0.weight") on the way.
template <class Model>
std::vector<Parameter*> parameters(Model& model) {
  static_assert(
      std::same_as<Model, Parameter> || detail::is_vector<Model> || HasMembers<Model>,
      "this model lists no members: give it static void members(auto& self, auto&& visit)");
  std::vector<Parameter*> result;
  for_each_parameter(model, [&](const std::string& path, Parameter& parameter) {
    for (const Parameter* known : result)
      if (known == &parameter) return;  // one parameter under two names: the first is its name
    if (parameter.name() != path && !path.empty()) parameter.rename(path);
    result.push_back(&parameter);
  });
  return result;
}

/// The buffers of a model (running means, masks); each is told its path on the way.
template <class Model>
std::vector<Buffer*> buffers(Model& model) {
  std::vector<Buffer*> result;
  for_each_member(model, [&](const std::string& path, auto& member) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(member)>, Buffer>) {
      member.rename(path);
      result.push_back(&member);
    }
  });
  return result;
}

/// The random number generators that a model's modules draw from (dropout), with their paths.
template <class Model>
std::vector<std::pair<std::string, Rng*>> generators(Model& model) {
  std::vector<std::pair<std::string, Rng*>> result;
  for_each_member(model, [&](const std::string& path, auto& member) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(member)>, Rng>)
      result.emplace_back(path, &member);
  });
  return result;
}

/// Number of trainable values.
template <class Model>
std::size_t parameter_count(const Model& model) {
  std::size_t count = 0;
  std::vector<const Parameter*> seen;
  for_each_parameter(model, [&](const std::string&, const Parameter& parameter) {
    for (const Parameter* known : seen)
      if (known == &parameter) return;
    seen.push_back(&parameter);
    count += parameter.size();
  });
  return count;
}

namespace detail {
/// Errors: ValueError naming the parameters of `tape` that are not in `listed`.
void require_listed(const Tape& tape, const std::vector<std::uint64_t>& listed);
}  // namespace detail

/// Errors: ValueError if the forward pass recorded on `tape` met a parameter that the model's
/// member list leaves out: it would never be trained, saved or counted.
template <class Model>
void check_members(const Model& model, const Tape& tape) {
  std::vector<std::uint64_t> listed;
  for_each_parameter(model, [&](const std::string&, const Parameter& parameter) {
    listed.push_back(parameter.id());
  });
  detail::require_listed(tape, listed);
}

}  // namespace wengert
