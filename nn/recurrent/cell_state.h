// SPDX-License-Identifier: MIT
// What a cell carries from step to step: a Var, or a struct that lists its parts once, the hidden
// state first:
//
//     static void parts(auto& self, auto&& visit) { visit("h", self.h); visit("c", self.c); }
//
// Tuples of states are those of stacked cells.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../../graph/var.h"

namespace wengert {

/// The state of a layer that has none.
struct Stateless {
  static void parts(auto&, auto&&) {}
};

namespace detail {
struct AnyPart {
  void operator()(std::string_view, auto&&) const {}
};
template <class T>
inline constexpr bool is_tuple = false;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;
}  // namespace detail

template <class T>
concept HasParts = requires(T& state) {
  std::remove_const_t<T>::parts(state, detail::AnyPart{});
};
/// What a cell may carry.
template <class T>
concept CellState = std::same_as<T, Var> || HasParts<T> || detail::is_tuple<T>;

/// Calls f(path, var) for every Var of a state: "h", "c"; "0.h", "1.h" in a stack. A state that is
/// a Var alone is "h".
template <class State, class F>
void for_each_part(State& state, F&& f, const std::string& path = {}) {
  using Plain = std::remove_const_t<State>;
  if constexpr (std::same_as<Plain, Var>) {
    f(path.empty() || path.back() == '.' ? path + "h" : path, state);
  } else if constexpr (detail::is_tuple<Plain>) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (for_each_part(std::get<I>(state), f, path + std::to_string(I) + "."), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<Plain>>{});
  } else {
    Plain::parts(state, [&](std::string_view name, auto& part) {
      for_each_part(part, f, path + std::string(name));
    });
  }
}

/// A state whose parts are f(part of a, part of b).
template <class State, class F>
State zip_parts(const State& a, const State& b, F&& f) {
  State result = a;
  if constexpr (std::same_as<State, Var>) {
    result = f(a, b);
  } else if constexpr (detail::is_tuple<State>) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((std::get<I>(result) = zip_parts(std::get<I>(a), std::get<I>(b), f)), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<State>>{});
  } else {
    std::vector<const Var*> others;
    for_each_part(b, [&](const std::string&, const Var& part) { others.push_back(&part); });
    std::size_t k = 0;
    for_each_part(result, [&](const std::string&, Var& part) { part = f(part, *others[k++]); });
  }
  return result;
}

/// The hidden state: the first part; of a stack, that of the last layer that has one. Null for a
/// state without parts.
template <class State>
const Var* hidden_of(const State& state) {
  const Var* found = nullptr;
  if constexpr (std::same_as<State, Var>) {
    found = &state;
  } else if constexpr (detail::is_tuple<State>) {
    std::apply(
        [&](const auto&... layers) {
          ((found = hidden_of(layers) ? hidden_of(layers) : found), ...);
        },
        state);
  } else {
    for_each_part(state, [&](const std::string&, const Var& part) {
      if (!found) found = &part;
    });
  }
  return found;
}

namespace detail {
/// Whose tape a cell's parameters go on: the input's, or the state's where the input is plain.
inline const Var& anchor(const Var& x, const Var& h) { return x.on_tape() ? x : h; }
}  // namespace detail

/// The values of a state off the tape: what an online loop hands on, and where truncation cuts.
template <class State>
State detached(const State& state) {
  return zip_parts(state, state, [](const Var& part, const Var&) { return Var(part.value()); });
}

}  // namespace wengert
