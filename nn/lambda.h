// SPDX-License-Identifier: MIT
// Functions chosen while the program runs, all of one type.
#pragma once

#include <concepts>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../graph/members.h"
#include "../graph/var.h"

namespace wengert {

/// Any function of a Var as a module: Lambda{relu}, Lambda{[](const Var& x) { return x * x; }}.
struct Lambda {
  template <class F>
  requires(std::invocable<const F&, const Var&> && !std::same_as<F, Lambda>) Lambda(F f)
      : function(std::move(f)) {  // NOLINT(google-explicit-constructor)
    static_assert(!HasMembers<F>,
                  "a module with members inside a Lambda is trained by nobody: keep it as it is");
  }

  Var operator()(const Var& x) const { return function(x); }

  std::function<Var(const Var&)> function;
};

/// The activation of this name: "relu", "tanh", "sigmoid", "softplus", "softsign", "leaky_relu",
/// "elu", "selu", "gelu", "gelu_tanh", "silu", "log_sigmoid", "softmax", "identity".
/// Errors: ValueError listing these.
Lambda activation(std::string_view name);

}  // namespace wengert
