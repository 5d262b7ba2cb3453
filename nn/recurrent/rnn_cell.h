// SPDX-License-Identifier: MIT
// The simple recurrent cell of the lecture (Elman, "Finding structure in time", 1990).
#pragma once

#include <cstddef>

#include "../../graph/parameter.h"
#include "../../graph/rng.h"
#include "../init.h"
#include "activation.h"
#include "cell_state.h"

namespace wengert {

/// h_t = phi(W_xh x_t + W_hh h_{t-1} + b): x [batch, in], h [batch, n] -> [batch, n]. The lecture's
/// W_hy is a Linear{n, out} on h_t, by hand or in a Stacked.
struct RnnCell {
  struct Options {
    Activation activation = Activation::tanh;
    bool bias = true;
    init::Initializer input = init::glorot_uniform;  ///< of W_xh [n, in]
    init::Initializer recurrent = init::orthogonal;  ///< of W_hh [n, n]
  };

  /// Errors: ValueError if a size is 0.
  RnnCell(std::size_t in, std::size_t n, Rng& rng) : RnnCell(in, n, rng, Options{}) {}
  RnnCell(std::size_t in, std::size_t n, Rng& rng, const Options& options);

  Var operator()(const Var& x, const Var& h) const;
  /// Zeros for x's batch, [batch, n].
  Var initial(const Var& x) const;
  /// All steps at once: x [T, batch, in] -> [T, batch, n], the same to rounding.
  Var sequence(const Var& x, const Var& h0) const;
  bool has_bias() const { return b.id() != 0; }

  static void members(auto& self, auto&& visit) {
    visit("W_xh", self.W_xh);
    visit("W_hh", self.W_hh);
    if (self.has_bias()) visit("b", self.b);
  }

  Parameter W_xh, W_hh, b;
  Activation activation;
};

}  // namespace wengert
