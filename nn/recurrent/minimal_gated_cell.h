// SPDX-License-Identifier: MIT
// The minimal gated unit: one gate that forgets and resets (Zhou et al. 2016).
#pragma once

#include <cstddef>

#include "../../graph/parameter.h"
#include "../../graph/rng.h"
#include "../init.h"
#include "cell_state.h"

namespace wengert {

/// f = sigma(W_xf x_t + W_hf h_{t-1} + b_f), h~ = tanh(W_xn x_t + W_hn (f h_{t-1}) + b_n),
/// h_t = (1 - f) h_{t-1} + f h~. x [batch, in], h [batch, n] -> [batch, n]; W_x [2n, in], W_hf and
/// W_hn [n, n], b [2n].
struct MinimalGatedCell {
  struct Options {
    init::Initializer input = init::glorot_uniform;  ///< of each gate's [n, in]
    init::Initializer recurrent = init::orthogonal;  ///< of each gate's [n, n]
  };

  /// Errors: ValueError if a size is 0.
  MinimalGatedCell(std::size_t in, std::size_t n, Rng& rng)
      : MinimalGatedCell(in, n, rng, Options{}) {}
  MinimalGatedCell(std::size_t in, std::size_t n, Rng& rng, const Options& options);

  Var operator()(const Var& x, const Var& h) const;
  /// Zeros for x's batch, [batch, n].
  Var initial(const Var& x) const;

  static void members(auto& self, auto&& visit) {
    visit("W_x", self.W_x);
    visit("W_hf", self.W_hf);
    visit("W_hn", self.W_hn);
    visit("b", self.b);
  }

  Parameter W_x, W_hf, W_hn, b;
};

}  // namespace wengert
