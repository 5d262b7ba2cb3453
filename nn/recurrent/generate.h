// SPDX-License-Identifier: MIT
// Recurrent nets whose next input comes from their last output: free run, and teacher forcing with
// the true inputs some of the time. Encoders hand over by their last state.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../../graph/rng.h"
#include "same_tape.h"
#include "step_lists.h"
#include "unroll.h"

namespace wengert {

/// The lists of a net that fed itself; xs[t] is what it saw at step t.
template <class State>
struct Generated : Unrolled<State> {
  std::vector<Var> xs = {};
};

namespace detail {
/// Errors: ShapeError naming the step unless `x` is as the first input was.
void require_next_input(const char* what, std::size_t t, const Var& x, const Var& first);
void require_first_input(const char* what, const Var& first, std::size_t steps);
void require_teacher(double probability);
/// truth[b] with the probability, else own[b], for every sequence b of the batch.
Var forced(const Var& truth, const Var& own, double probability, Rng& rng);

/// Steps whose inputs are made one by one: input(t, output of step t - 1) for t > 0.
template <class Module, class State, class Input>
Generated<State> run_fed(const char* what, const Module& module, const Var& first, const State& h0,
                         std::size_t steps, const UnrollOptions& options, Input&& input) {
  require_first_input(what, first, steps);
  const std::size_t batch = first.shape()[0];
  for_each_part(h0, [&](const std::string& part, const Var& value) {
    require_state_batch(what, part, value, batch);
  });
  if (options.mask.defined()) require_sequence_mask(what, options.mask, steps, batch);
  const Var on = on_the_tape(std::span(&first, 1), h0);
  Generated<State> result;
  result.last = h0;
  const Var mask = mask_for(options.mask, h0, on);
  Var x = on_same_tape(first, on), y;
  run_steps(what, options.memory, steps, on, [&](std::size_t t) {
    if (t > 0) {
      x = on_same_tape(input(t, y), on);
      require_next_input(what, t, x, first);
    }
    Step<State> next = take_masked_step(module, mask, t, x, result.last);
    result.last = std::move(next.state);
    y = std::move(next.output);
    if (!options.lists) return;
    if (const Var* hidden = hidden_of(result.last)) result.h.push_back(*hidden);
    result.xs.push_back(x);
    result.y.push_back(y);
    result.states.push_back(result.last);
  });
  return result;
}
}  // namespace detail

/// Free run: x0 [batch, ...] first, then next(y_t) at step t + 1; without `next` the output itself.
/// Gradients go through what is fed back; where they must not, as through a character that was
/// drawn, `next` gives back a value off the tape: `[](const Var& y) { return Var(y.value()); }`.
///
/// An encoder's last state begins a decoder: `generate(decoder, start, unroll(encoder, xs).last,
/// steps)`; where the decoder is Stacked{cell, Linear{...}}, from std::tuple{its state,
/// Stateless{}}. One input and many outputs (a caption of an image) is the same with a state made
/// of the input.
/// Errors: ValueError for no steps; ShapeError if `next` gives another shape than x0's.
template <class Module, CellState State, class Next = std::identity>
Generated<State> generate(const Module& module, const Var& x0, const State& state,
                          std::size_t steps, Next next = {}, const UnrollOptions& options = {}) {
  return detail::run_fed("generate", module, x0, state, steps, options,
                         [&](std::size_t, const Var& y) -> Var { return next(y); });
}

/// How often a net that is trained sees the truth instead of its own output.
struct Teacher {
  double probability;  ///< 1: `unroll`; 0: `generate` from the first input
  Rng& rng;            ///< draws for every step and sequence, unless the probability is 0 or 1
};

/// Scheduled sampling (Bengio et al., NIPS 2015): the input of step t > 0 is xs[t] with the
/// teacher's probability, else next(y_{t-1}), for each sequence by itself. Lowering the probability
/// from 1 during training leads from teacher forcing to the free run. The draws are on the tape, so
/// that they are repeated when it is run again.
/// Errors: ValueError for no steps or a probability outside [0, 1]; ShapeError as in `unroll` and
/// `generate`.
template <class Module, CellState State, class Next = std::identity>
Generated<State> unroll_taught(const Module& module, std::span<const Var> xs, const State& h0,
                               Teacher teacher, Next next = {}, const UnrollOptions& options = {}) {
  detail::require_steps("unroll_taught", xs);
  detail::require_teacher(teacher.probability);
  return detail::run_fed("unroll_taught", module, xs[0], h0, xs.size(), options,
                         [&](std::size_t t, const Var& y) -> Var {
                           if (teacher.probability == 1.0) return xs[t];
                           Var own = next(y);
                           detail::require_next_input("unroll_taught", t, own, xs[0]);
                           if (teacher.probability == 0.0) return own;
                           return detail::forced(xs[t], own, teacher.probability, teacher.rng);
                         });
}

}  // namespace wengert
