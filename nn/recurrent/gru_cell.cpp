// SPDX-License-Identifier: MIT
#include "gru_cell.h"

#include <vector>

#include "../../ops/activation.h"
#include "../../ops/arithmetic.h"
#include "../../ops/layout.h"
#include "../../ops/linalg.h"
#include "../../ops/sequence.h"
#include "gates.h"

namespace wengert {

GruCell::GruCell(std::size_t in, std::size_t n, Rng& rng, const Options& options)
    : reset(options.reset), update(options.update) {
  detail::require_sizes("GruCell", in, n);
  W_x = Parameter(detail::for_each_gate(3, n, in, options.input, rng), "W_x");
  W_h = Parameter(detail::for_each_gate(3, n, n, options.recurrent, rng), "W_h");
  Tensor bias = zeros({3 * n});
  const double towards = update == Update::keeps ? options.keep_bias : -options.keep_bias;
  for (float& value : bias.mutable_data<float>().subspan(n, n)) value = static_cast<float>(towards);
  b_x = Parameter(std::move(bias), "b_x");
  b_h = Parameter(zeros({3 * n}), "b_h");
}

Var GruCell::operator()(const Var& x, const Var& h) const {
  detail::require_width("GruCell", "x", x, W_x);
  detail::require_width("GruCell", "h", h, W_h);
  const Var& on = detail::anchor(x, h);
  const std::vector<Var> from_x = split(linear(x, W_x.on(on), b_x.on(on)), 3, -1);
  Var r, z, recurrent;
  if (reset == Reset::after) {
    const std::vector<Var> from_h = split(linear(h, W_h.on(on), b_h.on(on)), 3, -1);
    r = detail::gate("reset gate", from_x[0] + from_h[0]);
    z = detail::gate("update gate", from_x[1] + from_h[1]);
    recurrent = r * from_h[2];
  } else {
    const auto n = static_cast<std::size_t>(h.shape()[1]);
    const std::vector<Var> W = split(W_h.on(on), {2 * n, n}, 0);
    const std::vector<Var> b = split(b_h.on(on), {2 * n, n}, 0);
    const std::vector<Var> gates = split(linear(h, W[0], b[0]), 2, -1);
    r = detail::gate("reset gate", from_x[0] + gates[0]);
    z = detail::gate("update gate", from_x[1] + gates[1]);
    recurrent = linear(r * h, W[1], b[1]);
  }
  const Var candidate = tanh(from_x[2] + recurrent);
  return update == Update::keeps ? candidate + z * (h - candidate) : h + z * (candidate - h);
}

Var GruCell::initial(const Var& x) const {
  return detail::zero_state("GruCell", x, W_h.shape()[1], W_h.dtype());
}

Var GruCell::sequence(const Var& x, const Var& h0) const {
  detail::require_width("GruCell", "x", x, W_x);
  detail::require_width("GruCell", "h", h0, W_h);
  const Var& on = detail::anchor(x, h0);
  const GruConvention convention =
      reset == Reset::after ? GruConvention::reset_after : GruConvention::reset_before;
  if (update == Update::keeps)
    return gru_sequence(x, h0, W_x.on(on), W_h.on(on), b_x.on(on), b_h.on(on), convention);
  // sigma(-a) = 1 - sigma(a): the other convention is the negated z block.
  const auto n = W_h.shape()[1];
  Tensor sign = ones({3 * n}, W_h.dtype());
  dispatch_float(sign.dtype(), [&]<class T>(T) {
    for (T& value : sign.mutable_data<T>().subspan(n, n)) value = T{-1};
  });
  const Var rows(reshape(Var(sign), Shape{3 * n, 1}).value());
  return gru_sequence(x, h0, W_x.on(on) * rows, W_h.on(on) * rows, b_x.on(on) * Var(sign),
                      b_h.on(on) * Var(sign), convention);
}

}  // namespace wengert
