// SPDX-License-Identifier: MIT
// What the families of mutants are written with: an op with two pullbacks, one of them wrong.
#pragma once

#include <string>
#include <utility>

#include <wengert/graph/custom_op.h>
#include <wengert/graph/rng.h>
#include <wengert/ops/arithmetic.h>
#include <wengert/ops/elementwise.h>

#include "gradcheck/mutants.h"

namespace wengert::mutants {

/// An op of `n` inputs as a model of its own.
template <std::size_t n, class Forward, class Pullback>
Model op(const std::string& name, Forward forward, Pullback pullback) {
  return [applied = custom_op<n>(name, std::move(forward), std::move(pullback))](
             std::span<const Var> xs) -> Var {
    return [&]<std::size_t... K>(std::index_sequence<K...>)->Var { return applied(xs[K]...); }
    (std::make_index_sequence<n>{});
  };
}

/// What a row says of a mutant, apart from its functions.
struct Case {
  std::string name;
  std::string what;
  std::vector<Tensor> inputs;
  Hint hint;
  Tier tier = Tier::directions;
  std::string origin = {};
};

/// A mutant that is one op `name`: `wrong` and `right` are its pullbacks.
template <std::size_t n, class Forward, class Wrong, class Right>
Mutant op_mutant(const std::string& op_name, Forward forward, Wrong wrong, Right right, Case row) {
  return {row.name,
          row.what,
          row.origin,
          op<n>(op_name, forward, std::move(wrong)),
          op<n>(op_name, forward, std::move(right)),
          std::move(row.inputs),
          row.tier,
          row.hint,
          false,
          op_name};
}

inline Tensor normal(std::uint64_t seed, const Shape& shape) { return Rng{seed}.normal(shape); }
inline Tensor uniform(std::uint64_t seed, const Shape& shape, double low, double high) {
  return Rng{seed}.uniform(shape, low, high);
}
/// A constant in the dtype of `like`, on no tape.
inline Var constant(const Tensor& value, const Var& like) { return value.to(like.dtype()); }
inline Var zeros_of(const Var& x) { return zeros(x.shape(), x.dtype()); }

using Pair = std::array<Var, 2>;
using Triple = std::array<Var, 3>;

}  // namespace wengert::mutants
