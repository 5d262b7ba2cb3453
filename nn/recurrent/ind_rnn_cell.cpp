// SPDX-License-Identifier: MIT
#include "ind_rnn_cell.h"

#include "../../ops/arithmetic.h"
#include "../../ops/linalg.h"
#include "gates.h"

namespace wengert {

IndRnnCell::IndRnnCell(std::size_t in, std::size_t n, Rng& rng, const Options& options)
    : activation(options.activation) {
  detail::require_sizes("IndRnnCell", in, n);
  W = Parameter(options.input({n, in}, rng), "W");
  u = Parameter(options.recurrent({n}, rng), "u");
  b = Parameter(zeros({n}), "b");
}

Var IndRnnCell::operator()(const Var& x, const Var& h) const {
  detail::require_width("IndRnnCell", "x", x, W);
  detail::require_width("IndRnnCell", "h", h, u);
  const Var& on = detail::anchor(x, h);
  return activate(activation, linear(x, W.on(on), b.on(on)) + u.on(on) * h);
}

Var IndRnnCell::initial(const Var& x) const {
  return detail::zero_state("IndRnnCell", x, u.shape()[0], u.dtype());
}

}  // namespace wengert
