// SPDX-License-Identifier: MIT
// What a step of a recurrent net takes in memory, measured by running a few on a scratch tape: what
// `plan_bptt` plans with.
#pragma once

#include <algorithm>
#include <concepts>
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

/// What else `unroll` is going to be told: it costs memory.
struct StepCostOptions {
  Tensor mask = {};   ///< [T, batch]; the steps in which a sequence is padding take more
  bool lists = true;  ///< h, y and states are kept, and step losses made of y after the last step
};

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
  std::size_t output_memory = 0;  ///< of one output, or its gradient
};
/// `live_before`: memory_use().live before the first step.
StepSample sampled(const Tape& tape, const Var& loss, std::int64_t live_before);
StepCost cost_of(const StepSample& two, const StepSample& four, const StepSample& two_states,
                 const StepSample& four_states);
/// From samples with lists: all kept, within one checkpoint, and a checkpoint a step.
void add_lists(StepCost& cost, const StepSample& two, const StepSample& four,
               const StepSample& two_inside, const StepSample& four_inside,
               const StepSample& two_states, const StepSample& four_states);
/// From what a step costs in which a sequence is padding.
void add_padding(StepCost& cost, const StepCost& padded, const Tensor& mask);

struct NoStepLoss {
  Var operator()(const Var& y, std::size_t) const { return y; }  ///< never called
};

template <class Module, class State, class StepLoss>
StepSample sample_steps(const Module& module, const Var& x, const State& state,
                        const StepLoss& step_loss, const BpttPlan& plan, bool padded, bool lists) {
  constexpr bool has_loss = !std::same_as<StepLoss, NoStepLoss>;
  const std::size_t steps = plan.all.end;
  Tape tape;
  const Var sequence = tape.input(stack(std::vector<Var>(steps, Var(x.value()))));
  const State first = zip_parts(
      state, state, [&](const Var& part, const Var&) { return tape.variable(part.value()); });
  const Var mask = mask_for(padded ? zeros({steps, x.shape()[0]}) : Tensor{}, first, sequence);
  const std::int64_t before = memory_use().live;
  Unrolled<State> kept;
  State last = first;
  Var loss = Var(zeros({}, x.dtype()));
  for_each_step(plan, steps, sequence, [&](std::size_t t) {
    Step<State> next = take_masked_step(module, mask, t, step_of(sequence, t), last);
    last = std::move(next.state);
    if (lists) {
      kept.y.push_back(next.output);
      kept.states.push_back(last);
    } else if constexpr (has_loss) {
      loss = t == 0 ? step_loss(next.output, t) : loss + step_loss(next.output, t);
    }
  });
  if constexpr (has_loss)
    for (std::size_t t = 0; t < kept.y.size(); ++t)
      loss = t == 0 ? step_loss(kept.y[t], t) : loss + step_loss(kept.y[t], t);
  if constexpr (!has_loss) {
    for_each_part(last, [&](const std::string&, const Var& part) { loss = loss + sum(part); });
    if (const Var* hidden = hidden_of(last)) loss = loss + sum(square(*hidden));
  }
  std::size_t output_memory = 0;
  if (has_loss && lists) {
    const std::int64_t live = memory_use().live;
    const Tensor like = zeros(kept.y[0].shape(), kept.y[0].dtype());
    output_memory = static_cast<std::size_t>(memory_use().live - live);
  }
  StepSample sample = sampled(tape, loss, before);
  sample.output_memory = output_memory;
  return sample;
}
}  // namespace detail

/// What one step of `module` takes at x [batch, ...] and this state, with a loss of each step that
/// is summed up: step_loss(y, t) returns a scalar. The input counts as what `unroll` takes out of
/// one [T, batch, ...] (of a list of inputs that lie there anyway, a header less). For `unroll` as
/// the options say, or for a loop of one's own with `for_each_step`, `.lists = false` and the loss
/// added up within it. Runs a few dozen steps forward and backward on copies of the module; starts
/// the count of peak memory anew. Errors: those of the module and of a mask that is none.
template <class Module, CellState State, class StepLoss>
requires std::invocable<const StepLoss&, const Var&, std::size_t> StepCost
step_cost(const Module& module, const Var& x, const State& state, const StepLoss& step_loss,
          const StepCostOptions& options = {}) {
  const auto sample = [&](const auto& loss, const BpttPlan& plan, bool padded, bool lists) {
    const Module copy = module;  // so that random draws are not used up
    return detail::sample_steps(copy, x, state, loss, plan, padded, lists);
  };
  const auto inside = [&](const auto& loss, bool padded) {
    return detail::cost_of(sample(loss, keep_everything(2), padded, false),
                           sample(loss, keep_everything(4), padded, false),
                           sample(loss, hidden_states_only(2), padded, false),
                           sample(loss, hidden_states_only(4), padded, false));
  };
  const auto whole = [&](const auto& loss) {
    StepCost cost = inside(loss, false);
    if (options.mask.defined()) {
      const Shape& mask = options.mask.shape();
      detail::require_sequence_mask("step_cost", options.mask, mask.rank() == 0 ? 0 : mask[0],
                                    x.shape()[0]);
      detail::add_padding(cost, inside(loss, true), options.mask);
    }
    return cost;
  };
  if (!options.lists) return whole(step_loss);
  // Losses of lists lie behind all steps, outside of their checkpoints.
  StepCost cost = whole(detail::NoStepLoss{});
  const BpttPlan two{{0, 2, {{0, 2, {}, false}}, false}, {}};
  const BpttPlan four{{0, 4, {{0, 4, {}, false}}, false}, {}};
  detail::add_lists(cost, sample(step_loss, keep_everything(2), false, true),
                    sample(step_loss, keep_everything(4), false, true),
                    sample(step_loss, two, false, true), sample(step_loss, four, false, true),
                    sample(step_loss, hidden_states_only(2), false, true),
                    sample(step_loss, hidden_states_only(4), false, true));
  return cost;
}
/// The same with a loss at the end only, which is taken to read the hidden state.
template <class Module, CellState State>
StepCost step_cost(const Module& module, const Var& x, const State& state,
                   const StepCostOptions& options = {}) {
  return step_cost(module, x, state, detail::NoStepLoss{}, options);
}

}  // namespace wengert
