// SPDX-License-Identifier: MIT
// Two nets over one sequence, one from its beginning and one from its end (Schuster and Paliwal,
// "Bidirectional recurrent neural networks", 1997).
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "../../graph/scope.h"
#include "../../ops/layout.h"
#include "same_tape.h"
#include "step_lists.h"
#include "unroll.h"

namespace wengert {

/// Two cells, or two of anything that `take_step` takes, with parameters of their own. It is no
/// cell: the whole sequence has to be there. Stack one on another by giving its y to the next
/// `unroll`.
template <class Forward, class Backward = Forward>
struct Bidirectional {
  Bidirectional(Forward from_beginning, Backward from_end)
      : forward(std::move(from_beginning)), backward(std::move(from_end)) {}

  static void members(auto& self, auto&& visit) {
    visit("forward", self.forward);
    visit("backward", self.backward);
  }

  Forward forward;
  Backward backward;
};

/// Entry t of every list belongs to step t, in both directions; `backward.last` is the state after
/// step 0.
template <class ForwardState, class BackwardState>
struct UnrolledBothWays {
  Unrolled<ForwardState> forward;
  Unrolled<BackwardState> backward;
  std::vector<Var> y = {};  ///< [batch, forward's outputs + backward's]
  Var last = {};            ///< each direction's output after its own last step, side by side
};

namespace detail {
/// From the last step to the first. In padding the state stands still, so that each sequence is
/// entered at its own end with the state h0.
template <class Module, class State>
Unrolled<State> unroll_from_end(const Module& module, std::span<const Var> xs, const State& h0,
                                const UnrollOptions& options) {
  Unrolled<State> result;
  result.last = h0;
  const Var on = on_the_tape(xs, h0);
  const Var mask = mask_for(options.mask, h0, on);
  run_steps("unroll", options.memory, xs.size(), on, [&](std::size_t done) {
    const std::size_t t = xs.size() - 1 - done;
    const Scope scope(on, t);
    Step<State> next = take_masked_step(module, mask, t, xs[t], result.last);
    result.last = std::move(next.state);
    if (const Var* hidden = hidden_of(result.last)) result.h.push_back(*hidden);
    result.y.push_back(std::move(next.output));
    result.states.push_back(result.last);
  });
  return result;
}

template <class State>
void turn_round(Unrolled<State>& run) {
  std::reverse(run.h.begin(), run.h.end());
  std::reverse(run.y.begin(), run.y.end());
  std::reverse(run.states.begin(), run.states.end());
  run.sequence = {};  // it would be the only one in the other order
}

template <class F, class B>
UnrolledBothWays<F, B> side_by_side(Unrolled<F> forward, Unrolled<B> backward, const Tensor& mask) {
  UnrolledBothWays<F, B> result{std::move(forward), std::move(backward)};
  turn_round(result.backward);
  for (std::size_t t = 0; t < result.forward.y.size(); ++t)
    result.y.push_back(concat({result.forward.y[t], result.backward.y[t]}, -1));
  result.last = concat({last_output(result.forward.y, mask), result.backward.y[0]}, -1);
  return result;
}
}  // namespace detail

/// Both directions over xs, from these states. A padded sequence has the outputs that it has alone:
/// the backward direction begins at its own end. Errors: as `unroll` of a cell.
template <class Forward, class Backward, CellState ForwardState, CellState BackwardState>
auto unroll(const Bidirectional<Forward, Backward>& module, std::span<const Var> xs,
            const ForwardState& at_beginning, const BackwardState& at_end,
            const UnrollOptions& options = {}) {
  detail::require_steps("unroll", xs);
  for_each_part(at_end, [&](const std::string& part, const Var& value) {
    detail::require_state_batch("unroll", part, value, xs[0].shape()[0]);
  });
  const Var on = detail::on_the_tape(xs, std::tuple{at_beginning, at_end});
  const std::vector<Var> inputs = detail::on_same_tape(xs, on);
  auto forward = [&] {
    const Scope scope(on, "forward");
    UnrollOptions with_lists = options;
    with_lists.lists = true;
    return unroll(module.forward, std::span<const Var>(inputs), at_beginning, with_lists);
  }();
  auto backward = [&] {
    const Scope scope(on, "backward");
    return detail::unroll_from_end(module.backward, std::span<const Var>(inputs), at_end, options);
  }();
  return detail::side_by_side(std::move(forward), std::move(backward), options.mask);
}
/// The same from each one's own beginning.
template <class Forward, class Backward>
auto unroll(const Bidirectional<Forward, Backward>& module, std::span<const Var> xs,
            const UnrollOptions& options = {}) {
  detail::require_steps("unroll", xs);
  const Var first = detail::on_same_tape(xs[0], detail::on_the_tape(xs, Stateless{}));
  return unroll(module, xs, initial_state(module.forward, first),
                initial_state(module.backward, first), options);
}

/// The same of x [T, batch, ...]. Cells that know whole sequences take them at once, as in `unroll`
/// of a cell, unless there is a mask, a memory plan or `.fused = false`.
template <class Forward, class Backward, CellState ForwardState, CellState BackwardState>
auto unroll(const Bidirectional<Forward, Backward>& module, const Var& x,
            const ForwardState& at_beginning, const BackwardState& at_end,
            const UnrollOptions& options = {}) {
  if constexpr (requires {
                  module.forward.sequence(x, at_beginning);
                  module.backward.sequence(x, at_end);
                }) {
    const bool plain = !options.mask.defined() && options.memory.all.parts.empty();
    if (options.fused && plain && x.rank() == 3 && x.shape()[0] > 0) {
      const Var whole = detail::on_same_tape(
          x, detail::on_the_tape(std::span(&x, 1), std::tuple{at_beginning, at_end}));
      return detail::side_by_side(unroll(module.forward, whole, at_beginning),
                                  unroll(module.backward, flip(whole, {0}), at_end), {});
    }
  }
  detail::require_sequence("unroll", x);
  const std::vector<Var> xs = list_of_steps(x);
  return unroll(module, std::span<const Var>(xs), at_beginning, at_end, options);
}
template <class Forward, class Backward>
auto unroll(const Bidirectional<Forward, Backward>& module, const Var& x,
            const UnrollOptions& options = {}) {
  detail::require_sequence("unroll", x);
  const Var first = detail::step_of(x, 0);
  return unroll(module, x, initial_state(module.forward, first),
                initial_state(module.backward, first), options);
}

}  // namespace wengert
