// SPDX-License-Identifier: MIT
// The independently recurrent cell: every unit sees its own past only (Li et al., CVPR 2018).
#pragma once

#include <cstddef>

#include "../../graph/parameter.h"
#include "../../graph/rng.h"
#include "../init.h"
#include "activation.h"
#include "cell_state.h"

namespace wengert {

/// h_t = phi(W x_t + u h_{t-1} + b), u [n] element by element: along one unit the gradient is a
/// product of numbers phi' u. x [batch, in], h [batch, n] -> [batch, n].
struct IndRnnCell {
  struct Options {
    Activation activation = Activation::relu;
    init::Initializer input = init::glorot_uniform;         ///< of W [n, in]
    init::Initializer recurrent = init::uniform(0.0, 1.0);  ///< of u [n]
  };

  /// Errors: ValueError if a size is 0.
  IndRnnCell(std::size_t in, std::size_t n, Rng& rng) : IndRnnCell(in, n, rng, Options{}) {}
  IndRnnCell(std::size_t in, std::size_t n, Rng& rng, const Options& options);

  Var operator()(const Var& x, const Var& h) const;
  /// Zeros for x's batch, [batch, n].
  Var initial(const Var& x) const;

  static void members(auto& self, auto&& visit) {
    visit("W", self.W);
    visit("u", self.u);
    visit("b", self.b);
  }

  Parameter W, u, b;
  Activation activation;
};

}  // namespace wengert
