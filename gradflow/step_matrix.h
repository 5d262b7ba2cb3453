// SPDX-License-Identifier: MIT
// What one step does to the state before it, measured: the one matrix M of h_t = phi(M h_{t-1} +
// c_t), whatever it was built from, and whether states stand still. Internal.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "../graph/tensor.h"
#include "saturation.h"
#include "timeline.h"

namespace wengert::gradflow {

/// Wider states are not examined: an eigenvalue problem of this size takes a minute.
constexpr std::size_t widest_step_matrix = 1024;

/// M [n, n] in float64, if each step's derivative of a_t by h_{t-1} is this one matrix in every
/// sample (to 1e-10) and no other state enters a_t; a_t is what the one activation of every step,
/// its last op, is applied to, or h_t itself in a net without. Otherwise none: several activations,
/// something added beside or multiplied outside, normalisation, dropout, weights of each step's
/// own, skip connections, a chain that is cut, samples that see each other, more than
/// `widest_step_matrix` elements.
std::optional<Tensor> step_matrix_of(const Timeline& timeline, const Saturation& saturation);

/// True if nothing but the listed states is carried on: not so of an LSTM's c alone, whose h goes
/// on beside it.
bool is_whole_state(const Timeline& timeline);

/// States that do not move any more up to the end, as those of padding do.
struct Standing {
  std::size_t sequences = 0;  ///< of the batch
  std::size_t steps = 0;      ///< the most that one stands still for
};
/// None if no state stands still, bit by bit and with the identity as its derivative.
Standing standing_of(const Timeline& timeline);

}  // namespace wengert::gradflow
