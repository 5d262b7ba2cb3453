// SPDX-License-Identifier: MIT
// A module beside the identity.
#pragma once

#include <utility>

#include "../graph/var.h"

namespace wengert {

namespace detail {
/// input + change. Errors: ShapeError if the shapes differ, which would be broadcast.
Var residual(const Var& input, const Var& change);
}  // namespace detail

/// x + module(x) (He et al., CVPR 2016). Its member is named "module".
/// Errors: ShapeError if the module changes the shape.
template <class Module>
struct Residual {
  Residual(Module inner) : module(std::move(inner)) {}  // NOLINT(google-explicit-constructor)

  Var operator()(const Var& x) const { return detail::residual(x, module(x)); }

  static void members(auto& self, auto&& visit) { visit("module", self.module); }

  Module module;
};
/// A Residual within a Residual, not a copy of it.
template <class Module>
Residual(Residual<Module>) -> Residual<Residual<Module>>;

}  // namespace wengert
