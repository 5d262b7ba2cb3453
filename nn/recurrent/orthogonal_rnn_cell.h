// SPDX-License-Identifier: MIT
// A recurrent cell whose matrix stays orthogonal while it is trained: a product of reflections
// (Mhammedi et al., ICML 2017) after a fixed orthogonal matrix.
#pragma once

#include <cstddef>

#include "../../graph/buffer.h"
#include "../../graph/parameter.h"
#include "../../graph/rng.h"
#include "../init.h"
#include "activation.h"
#include "cell_state.h"

namespace wengert {

/// h_t = phi(W x_t + H_1 ... H_k Q h_{t-1} + b), H_j = 1 - 2 v_j v_j' / v_j'v_j with trained v_j, Q
/// fixed. The linear part keeps every gradient's norm exactly, whatever training does to v.
/// x [batch, in], h [batch, n] -> [batch, n]; V [k, n].
struct OrthogonalRnnCell {
  struct Options {
    Activation activation = Activation::relu;
    std::size_t reflections = 8;  ///< k; n of them reach every orthogonal matrix of one sign
    init::Initializer input = init::glorot_uniform;  ///< of W [n, in]
    init::Initializer fixed = init::orthogonal;      ///< of Q [n, n]
  };

  /// Errors: ValueError if a size is 0, or Q is not orthogonal to 1e-5.
  OrthogonalRnnCell(std::size_t in, std::size_t n, Rng& rng)
      : OrthogonalRnnCell(in, n, rng, Options{}) {}
  OrthogonalRnnCell(std::size_t in, std::size_t n, Rng& rng, const Options& options);

  Var operator()(const Var& x, const Var& h) const;
  /// Zeros for x's batch, [batch, n].
  Var initial(const Var& x) const;
  /// H_1 ... H_k Q applied to rows h [batch, n].
  Var rotated(const Var& h) const;

  static void members(auto& self, auto&& visit) {
    visit("W", self.W);
    visit("V", self.V);
    visit("b", self.b);
    visit("Q", self.Q);
  }

  Parameter W, V, b;
  Buffer Q;
  Activation activation;

 private:
  Var rotated(const Var& h, const Var& on) const;
};

}  // namespace wengert
