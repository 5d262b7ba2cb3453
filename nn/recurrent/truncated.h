// SPDX-License-Identifier: MIT
// Truncated backpropagation through time: a loss on the tape whose value is the full one and whose
// gradient looks back a bounded number of steps.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../../graph/members.h"
#include "../../graph/tape.h"
#include "../../ops/arithmetic.h"
#include "cell_state.h"
#include "same_tape.h"
#include "step.h"
#include "step_lists.h"
#include "unroll.h"

namespace wengert {

struct TruncationOptions {
  std::size_t every = 1;  ///< k1: after so many steps their losses are propagated back
  std::size_t back = 1;   ///< k2: through so many steps, counted from the last of them
};

template <class State>
struct Truncated {
  Var loss;    ///< the sum of all steps' losses; backward gives the truncated gradient
  State last;  ///< after the last step
  std::size_t steps_run = 0;  ///< cell steps on the tape: about T back / every
};

/// How much of the gradient a truncation leaves, over all parameters of the module.
struct TruncationError {
  double cosine = 0.0;          ///< between the truncated and the full gradient; NaN if one is 0
  double truncated_norm = 0.0;  ///< Euclidean
  double full_norm = 0.0;
};

namespace detail {
/// Errors: ValueError if `every` or `back` is 0, every > back (the losses of every - back steps
/// would reach nothing), or back > steps.
void require_truncation(const TruncationOptions& options, std::size_t steps);
/// The value as an input on `on`'s tape. Errors: TapeError if `on` is on none.
Var input_like(const Var& on, const Var& value);
TruncationError compared(std::span<const Parameter* const> parameters, const Gradients& full,
                         const Gradients& truncated);
}  // namespace detail

/// BPTT(k2; k1) of R. Williams and J. Peng ("An efficient gradient-based algorithm for on-line
/// training of recurrent network trajectories", 1990): after every k1 steps the net is run again
/// from the detached state k2 steps earlier, and the losses of the last k1 steps are those of that
/// run. With k1 = 1 the gradient is that of all (step of the loss, use) that are less than k2 steps
/// apart. xs are T inputs [batch, ...], step_loss(y, t) is a scalar; only gradients through the
/// state are cut, those by xs are whole within a window. Modules that draw random numbers draw anew
/// in each run. Errors: ValueError if k1 or k2 is 0, k1 > k2, or k2 > T; TapeError if neither xs
/// nor h0 is on a tape; those of `unroll`.
template <class Module, CellState State, class StepLoss>
Truncated<State> truncated_bptt(const Module& module, std::span<const Var> xs, const State& h0,
                                const TruncationOptions& options, const StepLoss& step_loss) {
  detail::require_steps("truncated_bptt", xs);
  detail::require_truncation(options, xs.size());
  for_each_part(h0, [&](const std::string& part, const Var& value) {
    detail::require_state_batch("truncated_bptt", part, value, xs[0].shape()[0]);
  });
  const Var on = detail::on_the_tape(xs, h0);
  const std::vector<Var> inputs = detail::on_same_tape(xs, on);
  const auto cut = [&](const State& state) {
    return zip_parts(state, state,
                     [&](const Var& part, const Var&) { return detail::input_like(on, part); });
  };
  Truncated<State> result{Var(), h0, 0};
  // starts[i]: the state before step `first + i`, as the latest window that passed it left it.
  std::vector<State> starts{h0};
  std::size_t first = 0;
  for (std::size_t begin = 0; begin < xs.size(); begin += options.every) {
    const std::size_t end = std::min(xs.size(), begin + options.every);
    const std::size_t from = end > options.back ? end - options.back : 0;
    State state = from == 0 ? h0 : cut(starts[from - first]);
    std::vector<State> passed{state};
    for (std::size_t t = from; t < end; ++t) {
      const Scope scope(on, t);
      Step<State> next = take_step(module, inputs[t], state);
      state = std::move(next.state);
      passed.push_back(state);
      ++result.steps_run;
      if (t < begin) continue;
      const Var loss = step_loss(next.output, t);
      result.loss = t == 0 ? loss : result.loss + loss;
    }
    first = from;
    starts = std::move(passed);
    result.last = std::move(state);
  }
  return result;
}
/// The same of a sequence [T, batch, ...].
template <class Module, CellState State, class StepLoss>
Truncated<State> truncated_bptt(const Module& module, const Var& x, const State& h0,
                                const TruncationOptions& options, const StepLoss& step_loss) {
  detail::require_sequence("truncated_bptt", x);
  const std::vector<Var> xs = list_of_steps(x);
  return truncated_bptt(module, std::span<const Var>(xs), h0, options, step_loss);
}

/// Both gradients of the summed loss, on a tape of their own, and their angle. Takes values only;
/// costs a full and a truncated pass. Errors: those of `truncated_bptt`.
template <class Module, CellState State, class StepLoss>
TruncationError truncation_error(const Module& module, std::span<const Var> xs, const State& h0,
                                 const TruncationOptions& options, const StepLoss& step_loss) {
  detail::require_steps("truncation_error", xs);
  detail::require_truncation(options, xs.size());
  const auto gradients = [&](const TruncationOptions& with) {
    Tape tape;
    std::vector<Var> inputs;
    for (const Var& x : xs) inputs.push_back(tape.input(Var(x.value())));
    return tape.backward(
        truncated_bptt(module, std::span<const Var>(inputs), detached(h0), with, step_loss).loss);
  };
  std::vector<const Parameter*> list;
  for_each_parameter(
      module, [&](const std::string&, const Parameter& parameter) { list.push_back(&parameter); });
  return detail::compared(list, gradients({xs.size(), xs.size()}), gradients(options));
}
/// The same of a sequence [T, batch, ...].
template <class Module, CellState State, class StepLoss>
TruncationError truncation_error(const Module& module, const Var& x, const State& h0,
                                 const TruncationOptions& options, const StepLoss& step_loss) {
  detail::require_sequence("truncation_error", x);
  const std::vector<Var> xs = list_of_steps(x);
  return truncation_error(module, std::span<const Var>(xs), h0, options, step_loss);
}

}  // namespace wengert
