// SPDX-License-Identifier: MIT
// A recurrent net as an ordinary graph: one copy of the cell for each step, every hidden state a
// Var that can be looked at, differentiated by, or made part of a loss.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../../graph/checkpoint.h"
#include "../../graph/scope.h"
#include "bptt_plan.h"
#include "same_tape.h"
#include "sequence_mask.h"
#include "step.h"

namespace wengert {

struct UnrollOptions {
  Tensor mask = {};      ///< [T, batch] of 0 and 1: which steps are real; see sequence_mask
  BpttPlan memory = {};  ///< what backward keeps; by default everything. Its promise holds for the
                         ///< mask and lists that `step_cost` was told
  /// Off: cells that know a whole sequence at once still take step by step, so that every h[t] is a
  /// node on the way to the next one. A list of inputs is always taken step by step.
  bool fused = true;
  /// Off: only `last` is given back. Lists hold their values in memory, also those that a memory
  /// plan forgets: with a plan turn them off, here and in `step_cost`, if `last` is all you need.
  bool lists = true;
};

/// The lists of a net that was unrolled; entry t belongs to step t.
template <class State>
struct Unrolled {
  std::vector<Var> h = {};         ///< hidden states [batch, n]; of a stack its last cell's
  std::vector<Var> y = {};         ///< outputs: a cell's h itself, or what layers above make of it
  std::vector<State> states = {};  ///< all that is carried on; of every step
  State last;                      ///< after the last step; of a padded sequence, its last real one
  Var sequence = {};               ///< h as one [T, batch, n], if it came from the fast path
};

namespace detail {
// Their errors are in the name of `what`, the function that the user called.
void require_steps(const char* what, std::span<const Var> xs);
void require_state_batch(const char* what, const std::string& part, const Var& state,
                         std::size_t batch);
/// A step must give back what it was given: h0 [n] would be broadcast to [batch, n] in silence.
void require_same_shape(const char* what, const std::string& part, const Var& before,
                        const Var& after);
void require_plan(const char* what, const BpttPlan& plan, std::size_t steps);
/// Errors: ShapeError unless x is [T, batch, ...], ValueError for no steps.
void require_sequence(const char* what, const Var& x);
Var step_of(const Var& x, std::size_t t);
/// `now` where the mask's row t is 1, else `before`.
Var held(const Var& mask, std::size_t t, const Var& now, const Var& before);

/// The mask as a value of `on`'s tape, in the dtype of the state.
template <class State>
Var mask_for(const Tensor& mask, const State& h0, const Var& on) {
  const Var* hidden = hidden_of(h0);
  if (!mask.defined()) return {};
  return on_same_tape(hidden ? mask.to(hidden->dtype()) : mask, on);
}

/// Step t; a sequence that is padding there keeps its state and, where the output is the state, its
/// output, and its input is not looked at. The mask may be undefined.
template <class Module, class State>
Step<State> take_masked_step(const Module& module, const Var& mask, std::size_t t, const Var& x,
                             const State& state) {
  if (!mask.value().defined() || all_real(mask.value(), t)) return take_step(module, x, state);
  Step<State> next = take_step(module, real_input(mask, t, x), state);
  next.state = zip_parts(next.state, state, [&](const Var& now, const Var& before) {
    return held(mask, t, now, before);
  });
  if constexpr (output_is_hidden<Module, State>) next.output = *hidden_of(next.state);
  return next;
}

/// What says which tape a net is unrolled on: a value of it among the inputs or the state's parts.
template <class State>
Var on_the_tape(std::span<const Var> xs, const State& h0) {
  for (const Var& x : xs)
    if (x.on_tape()) return x;
  Var found = xs[0];
  for_each_part(h0, [&](const std::string&, const Var& part) {
    if (part.on_tape()) found = part;
  });
  return found;
}

/// The lists of a state whose parts are whole sequences [T, batch, ...].
template <class State>
Unrolled<State> from_sequence(const State& whole, const UnrollOptions& options) {
  Unrolled<State> result;
  result.sequence = *hidden_of(whole);
  const auto at = [&](std::size_t t) {
    return zip_parts(whole, whole, [&](const Var& part, const Var&) { return step_of(part, t); });
  };
  const std::size_t steps = result.sequence.shape()[0];
  result.last = at(steps - 1);
  if (!options.lists) return result;
  for (std::size_t t = 0; t < steps; ++t) {
    result.states.push_back(at(t));
    result.h.push_back(*hidden_of(result.states.back()));
  }
  result.y = result.h;
  return result;
}

template <class Body>
void run_planned(const BpttPlan::Part& part, const Var& on, Body& body) {
  for (const BpttPlan::Part& inner : part.parts) {
    if (inner.kept) {
      run_planned(inner, on, body);
    } else {
      const CheckpointSegment segment({&on});
      run_planned(inner, on, body);
    }
  }
  if (!part.parts.empty()) return;
  for (std::size_t t = part.begin; t < part.end; ++t) body(t);
}

template <class Body>
void run_steps(const char* what, const BpttPlan& plan, std::size_t steps, const Var& on,
               Body&& body) {
  require_plan(what, plan, steps);
  const auto tagged = [&](std::size_t t) {
    const Scope scope(on, t);
    body(t);
  };
  run_planned(plan.all.parts.empty() ? BpttPlan::Part{0, steps, {}, false} : plan.all, on, tagged);
}
}  // namespace detail

/// body(t) for every step 0 ... steps - 1 in order, within the plan's checkpoints, each in a Scope
/// of its step: what `unroll` does, for loops of one's own. `on` says which tape.
template <class Body>
void for_each_step(const BpttPlan& plan, std::size_t steps, const Var& on, Body&& body) {
  detail::run_steps("for_each_step", plan, steps, on, body);
}

namespace detail {
/// The steps of `unroll`, with x(t) the input of step t.
template <class Module, class State, class Inputs>
Unrolled<State> unroll_steps(const Module& module, std::size_t steps, std::size_t batch,
                             const Var& on, const Inputs& x, const State& h0,
                             const UnrollOptions& options) {
  for_each_part(h0, [&](const std::string& part, const Var& value) {
    require_state_batch("unroll", part, value, batch);
  });
  if (options.mask.defined()) require_sequence_mask("unroll", options.mask, steps, batch);
  const Var mask = mask_for(options.mask, h0, on);
  Unrolled<State> result;
  result.last = h0;
  run_steps("unroll", options.memory, steps, on, [&](std::size_t t) {
    Step<State> next = take_masked_step(module, mask, t, x(t), result.last);
    if (t == 0) {
      std::vector<const Var*> after;
      for_each_part(next.state,
                    [&](const std::string&, const Var& part) { after.push_back(&part); });
      std::size_t k = 0;
      for_each_part(h0, [&](const std::string& part, const Var& before) {
        require_same_shape("unroll", part, before, *after[k++]);
      });
    }
    result.last = std::move(next.state);
    if (!options.lists) return;
    if (const Var* hidden = hidden_of(result.last)) result.h.push_back(*hidden);
    result.y.push_back(std::move(next.output));
    result.states.push_back(result.last);
  });
  return result;
}
}  // namespace detail

/// Runs `module` (a cell, a Stacked, anything that `take_step` takes) over xs, each [batch, ...],
/// from the state h0. If any of them is on a tape, all parameters are there. Nodes are tagged with
/// their time step. The state of a padded sequence stands still, and whatever its padding holds,
/// its outputs there are those of inputs of 0; a cell's, which are its state, stand still too.
/// Errors: ValueError for no steps, a mask that is none or a memory plan for another number of
/// steps; ShapeError naming the step or part if batches differ, or the first step changes a shape.
template <class Module, CellState State>
Unrolled<State> unroll(const Module& module, std::span<const Var> xs, const State& h0,
                       const UnrollOptions& options = {}) {
  detail::require_steps("unroll", xs);
  const Var on = detail::on_the_tape(xs, h0);
  const std::vector<Var> inputs = detail::on_same_tape(xs, on);
  return detail::unroll_steps(
      module, xs.size(), xs[0].shape()[0], on,
      [&](std::size_t t) -> const Var& { return inputs[t]; }, h0, options);
}
/// The same from the module's own beginning.
template <class Module>
auto unroll(const Module& module, std::span<const Var> xs, const UnrollOptions& options = {}) {
  detail::require_steps("unroll", xs);
  const Var on = detail::on_the_tape(xs, Stateless{});
  return unroll(module, xs, initial_state(module, detail::on_same_tape(xs[0], on)), options);
}

/// A whole sequence x [T, batch, ...]. A cell that knows how (`sequence`: RnnCell, LstmCell,
/// GruCell) takes it in one go, which is several times as fast and the same to rounding; only
/// alone, without a mask or memory plan and in a call of x [T, batch, in]: a Stacked or Residual of
/// them, or a mask, takes step by step. From the fast path h[t] are slices of what came out
/// and do not lie on the way from one to the next: to look at their gradients, say `.fused =
/// false`.
template <class Module, CellState State>
Unrolled<State> unroll(const Module& module, const Var& x, const State& h0,
                       const UnrollOptions& options = {}) {
  if constexpr (requires { module.sequence(x, h0); }) {
    const bool plain = !options.mask.defined() && options.memory.all.parts.empty();
    if (options.fused && plain && x.rank() == 3 && x.shape()[0] > 0)
      return detail::from_sequence(module.sequence(x, h0), options);
  }
  // Taken apart within the steps: a step's checkpoint then forgets its input as well.
  detail::require_sequence("unroll", x);
  const Var on = detail::on_the_tape(std::span(&x, 1), h0), whole = detail::on_same_tape(x, on);
  return detail::unroll_steps(
      module, x.shape()[0], x.shape()[1], on,
      [&](std::size_t t) { return detail::step_of(whole, t); }, h0, options);
}
template <class Module>
auto unroll(const Module& module, const Var& x, const UnrollOptions& options = {}) {
  detail::require_sequence("unroll", x);
  return unroll(module, x, initial_state(module, detail::step_of(x, 0)), options);
}

}  // namespace wengert
