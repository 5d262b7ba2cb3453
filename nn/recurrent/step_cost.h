// SPDX-License-Identifier: MIT
// What a step of a recurrent net takes in memory, measured by running a few on a scratch tape: what
// `plan_bptt` plans with.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "../../graph/pool.h"
#include "../../graph/tape.h"
#include "../../ops/arithmetic.h"
#include "../../ops/elementwise.h"
#include "../../ops/layout.h"
#include "../../ops/reduce.h"
#include "bptt_plan.h"
#include "unroll.h"

namespace wengert {

namespace detail {
/// A few steps, run forward and backward.
struct StepSample {
  std::size_t kept_bytes = 0;
  std::size_t kept_memory = 0;
  std::size_t nodes = 0;
  std::size_t edges = 0;
  std::size_t op_memory = 0;
  double flops = 0.0;
  std::size_t working_memory = 0;
};
/// `live_before`: memory_use().live before the first step.
StepSample sampled(const Tape& tape, const Var& loss, std::int64_t live_before);
StepCost cost_of(const StepSample& two, const StepSample& four, const StepSample& two_states,
                 const StepSample& four_states);

struct NoStepLoss {};

template <class Module, class State, class StepLoss>
StepSample sample_steps(const Module& module, const Var& x, const State& state,
                        const StepLoss& step_loss, const BpttPlan& plan) {
  const std::size_t steps = plan.all.end;
  Tape tape;
  const Var sequence = tape.input(stack(std::vector<Var>(steps, Var(x.value()))));
  const State first = zip_parts(
      state, state, [&](const Var& part, const Var&) { return tape.variable(part.value()); });
  const std::int64_t before = memory_use().live;
  State last = first;
  Var loss = Var(zeros({}, x.dtype()));
  for_each_step(plan, steps, sequence, [&](std::size_t t) {
    Step<State> next = wengert::take_step(module, step_of(sequence, t), last);
    last = std::move(next.state);
    if constexpr (!std::same_as<StepLoss, NoStepLoss>)
      loss = t == 0 ? step_loss(next.output, t) : loss + step_loss(next.output, t);
  });
  if constexpr (std::same_as<StepLoss, NoStepLoss>) {
    for_each_part(last, [&](const std::string&, const Var& part) { loss = loss + sum(part); });
    if (const Var* hidden = hidden_of(last)) loss = loss + sum(square(*hidden));
  }
  return sampled(tape, loss, before);
}
}  // namespace detail

/// What one step of `module` takes at x [batch, ...] and this state, with a loss of each step that
/// is summed up: step_loss(y, t) returns a scalar. The input counts as what `unroll` takes out of
/// one [T, batch, ...] (of a list of inputs that lie there anyway, a header less). Runs twelve
/// steps forward and backward on copies of the module; starts the count of peak memory anew.
/// Errors: those of the module.
template <class Module, CellState State, class StepLoss>
StepCost step_cost(const Module& module, const Var& x, const State& state,
                   const StepLoss& step_loss) {
  const auto sample = [&](const BpttPlan& plan) {
    const Module copy = module;  // so that random draws are not used up
    return detail::sample_steps(copy, x, state, step_loss, plan);
  };
  return detail::cost_of(sample(keep_everything(2)), sample(keep_everything(4)),
                         sample(hidden_states_only(2)), sample(hidden_states_only(4)));
}
/// The same with a loss at the end only, which is taken to read the hidden state.
template <class Module, CellState State>
StepCost step_cost(const Module& module, const Var& x, const State& state) {
  return step_cost(module, x, state, detail::NoStepLoss{});
}

}  // namespace wengert
