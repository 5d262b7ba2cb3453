// SPDX-License-Identifier: MIT
// The simple recurrent cell with masks that say which unit reaches which: sparse recurrence.
#pragma once

#include <cstddef>

#include "../../graph/rng.h"
#include "../../graph/var.h"
#include "../masked_linear.h"
#include "activation.h"
#include "cell_state.h"

namespace wengert {

/// h_t = phi(input(x_t) + recurrent(h_{t-1})), each a MaskedLinear: masked weights are exactly zero
/// from the start and stay so. x [batch, in], h [batch, n] -> [batch, n]. With masks of ones it is
/// an RnnCell. A ring, a chain, blocks: give the recurrent layer such a mask [n, n].
struct SparseRnnCell {
  /// Errors: ValueError if the recurrent layer's size is not known yet; ShapeError unless it is
  /// [n, n] and the input layer [n, in].
  SparseRnnCell(MaskedLinear from_input, MaskedLinear from_state,
                Activation phi = Activation::tanh);
  /// Random masks of this density on both; the recurrent layer has no bias of its own.
  SparseRnnCell(std::size_t in, std::size_t n, double density, Rng& rng,
                Activation phi = Activation::tanh);

  Var operator()(const Var& x, const Var& h) const;
  /// Zeros for x's batch, [batch, n].
  Var initial(const Var& x) const;

  static void members(auto& self, auto&& visit) {
    visit("input", self.input);
    visit("recurrent", self.recurrent);
  }

  MaskedLinear input, recurrent;
  Activation activation;
};

}  // namespace wengert
