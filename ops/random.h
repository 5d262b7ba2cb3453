// SPDX-License-Identifier: MIT
// Random ops that are recorded: each keeps the (seed, stream, counter) it drew from, so a tape that
// is run again, in either precision, meets the same noise. No gradient flows through a draw. Random
// tensors on no tape come from graph/rng.h.
#pragma once

#include "../graph/rng.h"
#include "../graph/var.h"

namespace wengert {

/// Standard normal noise of x's shape and dtype, on x's tape. Errors: DTypeError for i64.
Var normal_like(const Var& x, Rng& rng);
/// low <= value < high, of x's shape and dtype, on x's tape.
/// Errors: ValueError if there is no such value; DTypeError for i64.
Var uniform_like(const Var& x, Rng& rng, double low = 0.0, double high = 1.0);
/// 1 with probability p, else 0, of x's shape and dtype, on x's tape.
/// Errors: ValueError if p is outside [0, 1]; DTypeError for i64.
Var bernoulli_like(const Var& x, double p, Rng& rng);
/// Zeroes each element with probability `rate` and divides the others by 1 - rate, so that the
/// expectation stays x (Srivastava et al., JMLR 2014). Draws nothing if rate is 0.
/// Errors: ValueError if rate is outside [0, 1); DTypeError for i64.
Var dropout(const Var& x, double rate, Rng& rng);

}  // namespace wengert
