// SPDX-License-Identifier: MIT
// Functions over functions of Vars: gradients, products with Jacobians and Hessians. `f` is any
// callable; called with values on a tape, a transform records what it does there, so that
// transforms nest and a loss may contain derivatives. Called with plain values it uses a tape of
// its own; where one derivative is taken inside another, put all points on one tape with
// tape.input(...).
#pragma once

#include <array>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "callable.h"
#include "members.h"
#include "tape.h"
#include "var.h"

namespace wengert {

struct ValueAndGradient {
  Var value;
  Var gradient;
};
template <std::size_t n>
struct ValueAndGradients {
  Var value;
  std::array<Var, n> gradients;
};
struct ValueAndTangent {
  Var value;
  Var tangent;
};

namespace detail {

using Function = std::function<Var(std::span<const Var>)>;

struct Pulled {
  Var value;
  std::vector<Var> gradients;
};
/// Value of f and gradients by all of its arguments; `cotangent` null: f has to return a scalar.
Pulled pull(const char* transform, const Function& f, std::span<const Var> xs,
            const Var* cotangent);
Pulled pull_ones(const Function& f, std::span<const Var> xs);
ValueAndTangent push(const Function& f, const Var& x, const Var& tangent);
Var hessian_product(const Function& f, const Var& x, const Var& v);
Var jacobian_of(const Function& f, const Var& x);

template <class F>
Function over_list(F& f) {
  return [&f](std::span<const Var> xs) -> Var { return f(xs[0]); };
}
template <std::size_t n, class F>
Function over_arguments(F& f) {
  return [&f](std::span<const Var> xs) -> Var {
    return [&]<std::size_t... K>(std::index_sequence<K...>)->Var { return f(xs[K]...); }
    (std::make_index_sequence<n>{});
  };
}

}  // namespace detail

/// value_and_grad(f)(x): f's value (a scalar) and its gradient, of x's shape. With several
/// arguments `gradients` holds one for each; an argument that f does not use gets zeros. Errors:
/// ShapeError if f does not return a scalar.
template <class F>
auto value_and_grad(F&& f) {
  using Held = decltype(detail::held(std::forward<F>(f)));
  // A requirement, so that others can ask how many Vars it takes.
  return [f = detail::held(std::forward<F>(f))](
      const auto&... arguments) requires detail::takes<const Held, sizeof...(arguments)> {
    constexpr std::size_t n = sizeof...(arguments);
    const std::array<Var, n> xs{Var(arguments)...};
    detail::Pulled pulled =
        detail::pull("value_and_grad", detail::over_arguments<n>(f), xs, nullptr);
    if constexpr (n == 1) {
      return ValueAndGradient{pulled.value, pulled.gradients[0]};
    } else {
      ValueAndGradients<n> result{pulled.value, {}};
      std::move(pulled.gradients.begin(), pulled.gradients.end(), result.gradients.begin());
      return result;
    }
  };
}

/// grad(f)(x): the gradient of a scalar f, of x's shape; with several arguments a std::array, one
/// for each. Errors: ShapeError if f does not return a scalar.
template <class F>
auto grad(F&& f) {
  using Inner = decltype(value_and_grad(std::forward<F>(f)));
  return [inner = value_and_grad(std::forward<F>(f))](
      const auto&... arguments) requires std::invocable<const Inner&, decltype(arguments)...> {
    if constexpr (sizeof...(arguments) == 1) return inner(arguments...).gradient;
    else return inner(arguments...).gradients;
  };
}

/// derivative(u)(x): du/dx of a scalar field, point by point: x is a batch of points, u maps each
/// row to one value independently of the others, and the result has x's shape.
template <class F>
auto derivative(F&& u) {
  return [u = detail::held(std::forward<F>(u))](const Var& x) -> Var {
    return detail::pull_ones(detail::over_list(u), std::span(&x, 1)).gradients[0];
  };
}

/// f's value y and the product of `cotangent` (y's shape) with its Jacobian, of x's shape.
/// Errors: ShapeError if the cotangent does not have y's shape.
template <class F>
ValueAndGradient vjp(const F& f, const Var& x, const Var& cotangent) {
  detail::Pulled pulled = detail::pull("vjp", detail::over_list(f), std::span(&x, 1), &cotangent);
  return {pulled.value, pulled.gradients[0]};
}

/// f's value y and the product of its Jacobian with `tangent` (x's shape), of y's shape.
/// From two vjps (J. Townsend, "A new trick for calculating Jacobian vector products", 2017).
/// Errors: ShapeError if the tangent does not have x's shape.
template <class F>
ValueAndTangent jvp(const F& f, const Var& x, const Var& tangent) {
  return detail::push(detail::over_list(f), x, tangent);
}

/// The Hessian of a scalar f times v, of x's shape, without forming the Hessian (Pearlmutter 1994).
/// Errors: ShapeError if f does not return a scalar or v does not have x's shape.
template <class F>
Var hvp(const F& f, const Var& x, const Var& v) {
  return detail::hessian_product(detail::over_list(f), x, v);
}

/// All derivatives of f's outputs by x's elements: [y's shape..., x's shape...]; one backward pass
/// for every output element. Errors: ShapeError if the two ranks together exceed the maximum.
template <class F>
requires std::invocable<const F&, const Var&> Var jacobian(const F& f, const Var& x) {
  return detail::jacobian_of(detail::over_list(f), x);
}
/// Between two values of one tape, e.g. two hidden states: [y's shape..., x's shape...]. Zero if x
/// does not lead to y. Errors: TapeError if one is on no tape, or x is not tracked.
Tensor jacobian(const Var& y, const Var& x);

/// Second derivatives of a scalar f: [x's shape..., x's shape...].
/// Errors: ShapeError if f does not return a scalar.
template <class F>
Var hessian(const F& f, const Var& x) {
  const auto gradient = grad([&f](const Var& point) -> Var { return f(point); });
  return detail::jacobian_of(detail::over_list(gradient), x);
}

}  // namespace wengert
