// SPDX-License-Identifier: MIT
// An op of the user's own: a forward function and its pullback, checked at every use.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "op.h"
#include "var.h"

namespace wengert {

namespace detail {

struct CustomRules {
  std::string name;
  std::function<Var(std::span<const Var>)> forward;
  std::function<std::vector<Var>(std::span<const Var> inputs, const Var& output,
                                 const Var& cotangent)>
      pullback;
};
Var apply_custom(const std::shared_ptr<const CustomRules>& rules, std::span<const Var> inputs);

inline std::vector<Var> as_list(Var one) { return {std::move(one)}; }
inline std::vector<Var> as_list(std::vector<Var> list) { return list; }
template <std::size_t n>
std::vector<Var> as_list(std::array<Var, n> list) {
  return {list.begin(), list.end()};
}

}  // namespace detail

/// An op from two functions of `n` inputs:
///
///     const auto cube = custom_op<1>("cube",
///         [](const Var& x) { return x * x * x; },
///         [](const Var& x, const Var& y, const Var& g) { return 3 * g * square(x); });
///     Var y = cube(x);
///
/// `forward(inputs...)` gets plain values and returns the output; where it loops over elements, it
/// has to know f32 and f64, because gradients are checked in f64. `pullback(inputs..., output,
/// cotangent)` returns the cotangent of the input, or a std::array or std::vector of them, one an
/// input, of the input's shape and dtype. Written with ops on Var it can be differentiated again; a
/// pullback that computes off the tape is first order only, and says so when a second derivative is
/// asked of it. Errors of a use: ShapeError, DTypeError, ValueError if the pullback returns
/// something that does not fit; FirstOrderError, a TapeError, if a first-order pullback is to be
/// differentiated.
template <std::size_t n, class Forward, class PullbackFunction>
auto custom_op(std::string name, Forward forward, PullbackFunction pullback) {
  auto rules = std::make_shared<detail::CustomRules>();
  rules->name = std::move(name);
  rules->forward = [forward = std::move(forward)](std::span<const Var> xs) -> Var {
    return [&]<std::size_t... K>(std::index_sequence<K...>)->Var { return forward(xs[K]...); }
    (std::make_index_sequence<n>{});
  };
  rules->pullback = [pullback = std::move(pullback)](std::span<const Var> xs, const Var& output,
                                                     const Var& cotangent) {
    return [&]<std::size_t... K>(std::index_sequence<K...>) {
      return detail::as_list(pullback(xs[K]..., output, cotangent));
    }
    (std::make_index_sequence<n>{});
  };
  // A requirement and not an assertion, so that others can ask how many inputs it takes.
  return [rules = std::shared_ptr<const detail::CustomRules>(std::move(rules))](
             const std::same_as<Var> auto&... inputs) -> Var requires(sizeof...(inputs) == n) {
    const std::array<Var, n> list{inputs...};
    return detail::apply_custom(rules, list);
  };
}

}  // namespace wengert
