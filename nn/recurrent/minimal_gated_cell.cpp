// SPDX-License-Identifier: MIT
#include "minimal_gated_cell.h"

#include <vector>

#include "../../ops/activation.h"
#include "../../ops/arithmetic.h"
#include "../../ops/layout.h"
#include "../../ops/linalg.h"
#include "gates.h"

namespace wengert {

MinimalGatedCell::MinimalGatedCell(std::size_t in, std::size_t n, Rng& rng,
                                   const Options& options) {
  detail::require_sizes("MinimalGatedCell", in, n);
  W_x = Parameter(detail::for_each_gate(2, n, in, options.input, rng), "W_x");
  W_hf = Parameter(options.recurrent({n, n}, rng), "W_hf");
  W_hn = Parameter(options.recurrent({n, n}, rng), "W_hn");
  b = Parameter(zeros({2 * n}), "b");
}

Var MinimalGatedCell::operator()(const Var& x, const Var& h) const {
  detail::require_width("MinimalGatedCell", "x", x, W_x);
  detail::require_width("MinimalGatedCell", "h", h, W_hf);
  const Var& on = detail::anchor(x, h);
  const std::vector<Var> from_x = split(linear(x, W_x.on(on), b.on(on)), 2, -1);
  const Var f = detail::gate("forget gate", from_x[0] + linear(h, W_hf.on(on)));
  const Var candidate = tanh(from_x[1] + linear(f * h, W_hn.on(on)));
  return h + f * (candidate - h);
}

Var MinimalGatedCell::initial(const Var& x) const {
  return detail::zero_state("MinimalGatedCell", x, W_hf.shape()[0], W_hf.dtype());
}

}  // namespace wengert
