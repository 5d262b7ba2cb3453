// SPDX-License-Identifier: MIT
// The gated recurrent unit, in the forms that are about.
#pragma once

#include <cstddef>

#include "../../graph/parameter.h"
#include "../../graph/rng.h"
#include "../init.h"
#include "cell_state.h"

namespace wengert {

/// r, z = sigma(W_x x_t + W_h h_{t-1} + b), then a candidate, then h_t between h_{t-1} and it. What
/// differs between texts and libraries is named:
/// - `Reset::after` (PyTorch, Keras, cuDNN): candidate = tanh(W_xn x + b_xn + r (W_hn h + b_hn));
///   `Reset::before` (Cho et al. 2014): candidate = tanh(W_xn x + b_xn + W_hn (r h) + b_hn).
/// - `Update::keeps` (PyTorch, Keras, cuDNN): h_t = z h_{t-1} + (1 - z) candidate;
///   `Update::renews` (Chung et al. 2014): h_t = (1 - z) h_{t-1} + z candidate.
/// x [batch, in], h [batch, n] -> [batch, n]; blocks of the weights in PyTorch's order r, z, n.
struct GruCell {
  enum class Reset { after, before };
  enum class Update { keeps, renews };
  struct Options {
    Reset reset = Reset::after;
    Update update = Update::keeps;
    /// Bias of z's sum towards keeping h: a unit remembers 1 / -ln sigma(bias) steps.
    double keep_bias = 0.0;
    init::Initializer input = init::glorot_uniform;  ///< of each gate's [n, in]
    init::Initializer recurrent = init::orthogonal;  ///< of each gate's [n, n]
  };

  /// Errors: ValueError if a size is 0.
  GruCell(std::size_t in, std::size_t n, Rng& rng) : GruCell(in, n, rng, Options{}) {}
  GruCell(std::size_t in, std::size_t n, Rng& rng, const Options& options);

  Var operator()(const Var& x, const Var& h) const;
  /// Zeros for x's batch, [batch, n].
  Var initial(const Var& x) const;

  /// All steps at once: x [T, batch, in] -> [T, batch, n], the same to rounding.
  Var sequence(const Var& x, const Var& h0) const;

  static void members(auto& self, auto&& visit) {
    visit("W_x", self.W_x);
    visit("W_h", self.W_h);
    visit("b_x", self.b_x);
    visit("b_h", self.b_h);
  }

  Parameter W_x, W_h, b_x, b_h;
  Reset reset;
  Update update;
};

}  // namespace wengert
