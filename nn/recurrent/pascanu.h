// SPDX-License-Identifier: MIT
// A regulariser against vanishing gradients: from step to step the gradient shall keep its norm
// (R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks",
// ICML 2013, section 3.3).
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <span>

#include "../../graph/tensor.h"
#include "../../graph/var.h"
#include "unroll.h"

namespace wengert {

struct PascanuOptions {
  enum class Variant {
    /// The states h_t and dL/dh_{t+1} are held constant, as in the paper's equation 10: the
    /// gradient of Omega is that of each step's own Jacobian.
    immediate,
    /// Nothing is: dL/dh is differentiated too, through the second derivatives of the whole net.
    full,
  };
  Variant variant = Variant::immediate;
  Tensor mask = {};  ///< [T, batch], as in `unroll`: steps into padding count nothing
};

namespace detail {
/// `step(t, h)` is h_t after the state h before it.
using StateStep = std::function<Var(std::size_t t, const Var& h)>;
Var pascanu(const StateStep& step, std::size_t inputs, std::span<const Var> hs, const Var& loss,
            const PascanuOptions& options);
}  // namespace detail

/// Omega = sum_t (|dL/dh_{t+1} dh_{t+1}/dh_t| / |dL/dh_{t+1}| - 1)^2 over the T - 1 pairs of
/// neighbouring states, mean over the samples (equation 9): 0 where the part of the gradient that
/// goes back by one step neither shrinks nor grows. A scalar on the tape of the loss, to be added
/// to it:
///
///     const auto run = unroll(cell, x, {.fused = false});
///     const Var loss = mse(W_hy(run.last), target);
///     const Gradients gradients = tape.backward(loss + 0.1 * pascanu(cell, x, run.h, loss));
///
/// x is the sequence [T, batch, ...] or its steps [batch, ...], hs the states [batch, n] of all
/// steps, L the loss, its gradient by h_{t+1} the total one. dh_{t+1}/dh_t holds phi' at h_{t+1},
/// where the paper, whose states are the sums a_t, has it at a_t. Every step is run once more. A
/// sample whose gradient by h_{t+1} is 0, or below the normal range of its dtype, counts nothing
/// there. One state alone gives 0.
/// Errors: ValueError for no states, as many inputs as there are
/// not states, or a mask that is none; ShapeError if the loss is no scalar; TapeError if it is on
/// no tape, a state is not tracked there, or the last two do not lead to each other, as slices of a
/// fused sequence do not.
template <class Cell>
requires requires(const Cell& cell, const Var& x) {
  { cell(x, x) } -> std::same_as<Var>;
}
Var pascanu(const Cell& cell, std::span<const Var> xs, std::span<const Var> hs, const Var& loss,
            const PascanuOptions& options = {}) {
  return detail::pascanu(
      [&](std::size_t t, const Var& h) {
        return cell(detail::real_input(options.mask, t, xs[t]), h);
      },
      xs.size(), hs, loss, options);
}

template <class Cell>
requires requires(const Cell& cell, const Var& x) {
  { cell(x, x) } -> std::same_as<Var>;
}
Var pascanu(const Cell& cell, const Var& x, std::span<const Var> hs, const Var& loss,
            const PascanuOptions& options = {}) {
  detail::require_sequence("pascanu", x);
  return detail::pascanu(
      [&](std::size_t t, const Var& h) {
        return cell(detail::real_input(options.mask, t, detail::step_of(x, t)), h);
      },
      x.shape()[0], hs, loss, options);
}

}  // namespace wengert
