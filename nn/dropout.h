// SPDX-License-Identifier: MIT
// Dropout as a module: noise while training, nothing afterwards.
#pragma once

#include "../graph/rng.h"
#include "../graph/var.h"

namespace wengert {

/// On a tape that records training, zeroes each element with probability `rate` and divides the
/// others by 1 - rate; else it is the identity (Srivastava et al., JMLR 2014; torch.nn.Dropout).
/// Any shape. It draws from an Rng of its own, split off the one given, so that the noise of one
/// layer does not depend on the others; a recorded tape that is run again meets the same noise.
struct Dropout {
  /// Errors: ValueError if `drop_rate` is outside [0, 1).
  Dropout(double drop_rate, Rng& random);

  Var operator()(const Var& x) const;

  static void members(auto& self, auto&& visit) { visit("rng", self.rng); }

  double rate;
  mutable Rng rng;
};

}  // namespace wengert
