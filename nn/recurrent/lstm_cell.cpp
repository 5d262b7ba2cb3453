// SPDX-License-Identifier: MIT
#include "lstm_cell.h"

#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "../../graph/error.h"
#include "../../ops/activation.h"
#include "../../ops/arithmetic.h"
#include "../../ops/layout.h"
#include "../../ops/linalg.h"
#include "../../ops/sequence.h"
#include "gates.h"

namespace wengert {

LstmCell::LstmCell(std::size_t in, std::size_t n, Rng& rng, const Options& options) {
  detail::require_sizes("LstmCell", in, n);
  if (options.chrono != 0.0 && !(options.chrono > 2.0))
    throw ValueError(
        fmt::format("LstmCell: chrono = {}; it is the longest memory in steps, above 2, "
                    "or 0 for a forget bias",
                    options.chrono));
  W_x = Parameter(detail::for_each_gate(4, n, in, options.input, rng), "W_x");
  W_h = Parameter(detail::for_each_gate(4, n, n, options.recurrent, rng), "W_h");
  Tensor bias = zeros({4 * n});
  const std::span<float> values = bias.mutable_data<float>();
  for (std::size_t unit = 0; unit < n; ++unit) {
    double forget = options.forget_bias;
    if (options.chrono != 0.0) {
      forget = std::log(1.0 + (options.chrono - 2.0) * rng.uniform());
      values[unit] = static_cast<float>(-forget);
    }
    values[n + unit] = static_cast<float>(forget);
  }
  b = Parameter(std::move(bias), "b");
}

LstmState LstmCell::operator()(const Var& x, const LstmState& state) const {
  detail::require_width("LstmCell", "x", x, W_x);
  detail::require_width("LstmCell", "h", state.h, W_h);
  detail::require_width("LstmCell", "c", state.c, W_h);
  const Var& on = detail::anchor(x, state.h);
  const Var a = linear(x, W_x.on(on), b.on(on)) + linear(state.h, W_h.on(on));
  const std::vector<Var> part = split(a, 4, -1);
  const Var i = detail::gate("input gate", part[0]), f = detail::gate("forget gate", part[1]);
  const Var o = detail::gate("output gate", part[3]);
  const Var c = f * state.c + i * tanh(part[2]);
  return {o * tanh(c), c};
}

LstmState LstmCell::initial(const Var& x) const {
  const Var none = detail::zero_state("LstmCell", x, W_h.shape()[1], W_h.dtype());
  return {none, none};
}

LstmState LstmCell::sequence(const Var& x, const LstmState& state) const {
  detail::require_width("LstmCell", "x", x, W_x);
  detail::require_width("LstmCell", "h", state.h, W_h);
  detail::require_width("LstmCell", "c", state.c, W_h);
  const Var& on = detail::anchor(x, state.h);
  HiddenAndCell whole = lstm_sequence(x, state.h, state.c, W_x.on(on), W_h.on(on), b.on(on));
  return {std::move(whole.h), std::move(whole.c)};
}

}  // namespace wengert
