// SPDX-License-Identifier: MIT
// One time step of anything that can stand in a recurrent net: a cell, a plain layer, a stack of
// both.
#pragma once

#include <concepts>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "../../graph/scope.h"
#include "../residual.h"
#include "cell_state.h"

namespace wengert {

/// A module that carries a state: `State next = cell(x, state)`, and `cell.initial(x)` to begin
/// with.
template <class Module>
concept Cell = requires(const Module& cell, const Var& x) {
  { cell.initial(x) } -> CellState;
  { cell(x, cell.initial(x)) } -> std::same_as<decltype(cell.initial(x))>;
};

/// What comes out of a step, and what is carried to the next.
template <class State>
struct Step {
  Var output;
  State state;
};

namespace detail {
template <class T>
inline constexpr bool is_residual = false;
template <class Module>
inline constexpr bool is_residual<Residual<Module>> = true;
template <class T>
inline constexpr bool is_stacked = false;
/// Of a cell the output of a step is its new hidden state.
template <class Module, class State>
inline constexpr bool output_is_hidden =
    !is_stacked<Module> && !is_residual<Module> && !std::same_as<State, Stateless>;
}  // namespace detail

/// The state a module begins with, for x's batch: of a cell its `initial`, of a plain layer none.
template <class Module>
auto initial_state(const Module& module, const Var& x) {
  if constexpr (detail::is_residual<Module>) return initial_state(module.module, x);
  else if constexpr (requires { module.initial(x); }) return module.initial(x);
  else return Stateless{};
}

/// One step of a module: of a cell the output is the first part of its new state, a plain layer
/// maps x, a Residual adds x to its inner module's output. Errors: those of the module.
template <class Module, class State>
Step<State> take_step(const Module& module, const Var& x, const State& state) {
  if constexpr (detail::is_stacked<Module>) {
    return module.step(x, state);
  } else if constexpr (detail::is_residual<Module>) {
    Step<State> inner = take_step(module.module, x, state);
    return {detail::residual(x, inner.output), std::move(inner.state)};
  } else if constexpr (std::same_as<State, Stateless>) {
    return {module(x), {}};
  } else {
    State next = module(x, state);
    Var output = *hidden_of(next);
    return {std::move(output), std::move(next)};
  }
}

/// Cells and plain layers on top of each other: at each step the output of one is the input of the
/// next. The lecture's net with its W_hy is Stacked{RnnCell{in, n, rng}, Linear{n, out, rng}}; a
/// residual layer is Residual{LstmCell{n, n, rng}}. Members are named "0", "1", ... It takes a
/// sequence step by step: where speed counts, unroll the cell alone and apply the layers above to
/// its `sequence` as a whole.
template <class... Modules>
class Stacked {
 public:
  Stacked(Modules... modules) : modules_(std::move(modules)...) {}

  auto initial(const Var& x) const {
    return std::apply(
        [&](const auto&... modules) { return std::tuple{initial_state(modules, x)...}; }, modules_);
  }
  template <class... States>
  Step<std::tuple<States...>> step(const Var& x, const std::tuple<States...>& state) const {
    Step<std::tuple<States...>> result{x, state};
    [&]<std::size_t... I>(std::index_sequence<I...>) { (one<I>(result), ...); }
    (std::index_sequence_for<Modules...>{});
    return result;
  }

  template <std::size_t i>
  auto& get() {
    return std::get<i>(modules_);
  }
  template <std::size_t i>
  const auto& get() const {
    return std::get<i>(modules_);
  }

  static void members(auto& self, auto&& visit) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (visit(std::to_string(I), std::get<I>(self.modules_)), ...);
    }
    (std::index_sequence_for<Modules...>{});
  }

 private:
  template <std::size_t i>
  void one(auto& step_so_far) const {
    const Scope scope(step_so_far.output, std::to_string(i));
    auto next = wengert::take_step(std::get<i>(modules_), step_so_far.output,
                                   std::get<i>(step_so_far.state));
    step_so_far.output = std::move(next.output);
    std::get<i>(step_so_far.state) = std::move(next.state);
  }

  std::tuple<Modules...> modules_;
};

namespace detail {
template <class... Modules>
inline constexpr bool is_stacked<Stacked<Modules...>> = true;
}  // namespace detail

}  // namespace wengert
