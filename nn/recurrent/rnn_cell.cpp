// SPDX-License-Identifier: MIT
#include "rnn_cell.h"

#include "../../ops/arithmetic.h"
#include "../../ops/linalg.h"
#include "gates.h"

namespace wengert {

RnnCell::RnnCell(std::size_t in, std::size_t n, Rng& rng, const Options& options)
    : activation(options.activation) {
  detail::require_sizes("RnnCell", in, n);
  W_xh = Parameter(options.input({n, in}, rng), "W_xh");
  W_hh = Parameter(options.recurrent({n, n}, rng), "W_hh");
  if (options.bias) b = Parameter(zeros({n}), "b");
}

Var RnnCell::operator()(const Var& x, const Var& h) const {
  detail::require_width("RnnCell", "x", x, W_xh);
  detail::require_width("RnnCell", "h", h, W_hh);
  const Var& on = detail::anchor(x, h);
  const Var input = has_bias() ? linear(x, W_xh.on(on), b.on(on)) : linear(x, W_xh.on(on));
  return activate(activation, input + linear(h, W_hh.on(on)));
}

Var RnnCell::initial(const Var& x) const {
  return detail::zero_state("RnnCell", x, W_hh.shape()[0], W_hh.dtype());
}

Var RnnCell::sequence(const Var& x, const Var& h0) const {
  detail::require_width("RnnCell", "x", x, W_xh);
  detail::require_width("RnnCell", "h", h0, W_hh);
  const Var& on = detail::anchor(x, h0);
  const Var bias = has_bias() ? b.on(on) : Var(zeros({W_hh.shape()[0]}, W_hh.dtype()));
  return rnn_sequence(x, h0, W_xh.on(on), W_hh.on(on), bias, activation);
}

}  // namespace wengert
