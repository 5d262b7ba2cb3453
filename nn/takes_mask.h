// SPDX-License-Identifier: MIT
// Models that are told which steps of a padded batch are real: callable with (x, mask) as well as
// with x. `fit` and `evaluate` hand them the mask of ragged data, a Sequential hands it on.
#pragma once

#include <concepts>

#include "../graph/tensor.h"
#include "../graph/var.h"

namespace wengert {

namespace detail {
/// Converts to a Tensor and, unlike a Tensor, to no Var: a second argument of another kind, such as
/// a first state, is no mask.
struct MaskAlone {
  operator Tensor() const;  // NOLINT(google-explicit-constructor)
};
}  // namespace detail

/// `model(x, mask)` with a Tensor [batch, T] of 0 and 1, as data::Batch has it.
template <class Model>
concept TakesMask = requires(const Model& model, const Var& x) {
  { model(x, detail::MaskAlone{}) } -> std::convertible_to<Var>;
};

/// model(x, mask) if the model takes one and there is one, else model(x).
template <class Model>
Var call_with_mask(const Model& model, const Var& x, const Tensor& mask) {
  if constexpr (TakesMask<Model>)
    if (mask.defined()) return model(x, mask);
  return model(x);
}

}  // namespace wengert
