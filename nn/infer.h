// SPDX-License-Identifier: MIT
// Layers whose input size is told by their first batch: Linear{wg::infer, 128, rng}.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>

#include "../graph/members.h"
#include "../graph/rng.h"
#include "../graph/tensor.h"
#include "../graph/var.h"
#include "init.h"

namespace wengert {

/// Stands where a layer's number of inputs would.
struct Infer {};
inline constexpr Infer infer{};

namespace detail {

/// What such a layer keeps until then. Its Rng is split off when the layer is made, so that the
/// weights do not depend on which layer is called first.
struct Pending {
  Rng rng;
  init::Initializer weight;
  std::size_t outputs;
};
/// The number of inputs that a first batch [..., in] tells.
/// Errors: ShapeError for a scalar or no inputs; DTypeError unless it is f32.
std::size_t told_by(const char* layer, const Var& x);

}  // namespace detail

/// False while a layer waits for its first batch.
template <class Model>
bool has_all_sizes(const Model& model) {
  bool all = true;
  for_each_member(model, [&](const std::string&, const auto& member) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(member)>, Parameter>)
      all = all && member.value().defined();
  });
  return all;
}

/// Runs the model once on `sample`, which gives every layer its sizes; needed before parameters are
/// listed, saved or optimized, and harmless later. Nothing is recorded, trained or drawn by
/// dropout.
template <class Model>
void build(Model& model, const Tensor& sample) {
  model(Var(sample));
}

}  // namespace wengert
