// SPDX-License-Identifier: MIT
// Long short-term memory (Hochreiter and Schmidhuber 1997; with the forget gate of Gers et al.
// 2000).
#pragma once

#include <cstddef>

#include "../../graph/parameter.h"
#include "../../graph/rng.h"
#include "../init.h"
#include "cell_state.h"

namespace wengert {

struct LstmState {
  Var h, c;
  static void parts(auto& self, auto&& visit) {
    visit("h", self.h);
    visit("c", self.c);
  }
};

/// i, f, g, o = W_x x_t + W_h h_{t-1} + b, four blocks of n in PyTorch's order;
/// c_t = sigma(f) c_{t-1} + sigma(i) tanh(g), h_t = sigma(o) tanh(c_t). x [batch, in], h and c
/// [batch, n]. Without peepholes.
struct LstmCell {
  struct Options {
    double forget_bias =
        1.0;  ///< b_f (Jozefowicz et al. 2015); a unit remembers 1 / -ln sigma(b_f)
    /// If not 0: b_f = ln U(1, chrono - 1), b_i = -b_f, for memories up to `chrono` steps (Tallec
    /// and Ollivier 2018); `forget_bias` is not used.
    double chrono = 0.0;
    init::Initializer input = init::glorot_uniform;  ///< of each gate's [n, in]
    init::Initializer recurrent = init::orthogonal;  ///< of each gate's [n, n]
  };

  /// Errors: ValueError if a size is 0, or chrono is neither 0 nor above 2.
  LstmCell(std::size_t in, std::size_t n, Rng& rng) : LstmCell(in, n, rng, Options{}) {}
  LstmCell(std::size_t in, std::size_t n, Rng& rng, const Options& options);

  LstmState operator()(const Var& x, const LstmState& state) const;
  /// Zeros for x's batch.
  LstmState initial(const Var& x) const;

  /// All steps at once: x [T, batch, in] -> h and c [T, batch, n], the same to rounding.
  LstmState sequence(const Var& x, const LstmState& state) const;

  static void members(auto& self, auto&& visit) {
    visit("W_x", self.W_x);
    visit("W_h", self.W_h);
    visit("b", self.b);
  }

  Parameter W_x, W_h, b;
};

}  // namespace wengert
