// SPDX-License-Identifier: MIT
#include "step_cost.h"

#include "../../graph/recording.h"

namespace wengert::detail {
namespace {

std::size_t half_of_more(std::size_t less, std::size_t more) {
  return more > less ? (more - less + 1) / 2 : 0;
}
std::size_t above(std::size_t value, std::size_t base) { return value > base ? value - base : 0; }

}  // namespace

StepSample sampled(const Tape& tape, const Var& loss, std::int64_t live_before) {
  const Recording& recording = tape.recording();
  StepSample sample;
  const std::int64_t live = memory_use().live;
  sample.kept_bytes = tape.kept_bytes();
  sample.kept_memory = static_cast<std::size_t>(std::max<std::int64_t>(0, live - live_before));
  sample.nodes = recording.nodes.size();
  sample.edges = recording.edges.size();
  sample.op_memory = recording.arena()->used();
  std::vector<Shape> in;
  for (std::uint32_t node = 0; node < recording.size(); ++node) {
    const Op* op = recording.nodes[node].op;
    if (!op) continue;
    in.clear();
    for (const std::uint32_t input : recording.inputs(node)) in.push_back(recording.shape(input));
    sample.flops += op->flops(in, recording.shape(node));
  }
  reset_peak_memory();
  const Gradients gradients = tape.backward(loss);
  sample.working_memory = static_cast<std::size_t>(memory_use().peak - live);
  return sample;
}

// Differences, so that what there is once does not count.
StepCost cost_of(const StepSample& two, const StepSample& four, const StepSample& two_states,
                 const StepSample& four_states) {
  StepCost cost;
  cost.kept_bytes = half_of_more(two.kept_bytes, four.kept_bytes);
  cost.kept_memory = half_of_more(two.kept_memory, four.kept_memory);
  cost.state_bytes = half_of_more(two_states.kept_bytes, four_states.kept_bytes);
  cost.state_memory = half_of_more(two_states.kept_memory, four_states.kept_memory);
  cost.last_bytes = above(two_states.kept_bytes, cost.state_bytes);
  // With checkpoints a step's values are there as well, and what it takes to compute them.
  cost.working_memory =
      std::max(four.working_memory, above(four_states.working_memory, cost.kept_memory));
  cost.nodes = half_of_more(two.nodes, four.nodes);
  cost.edges = half_of_more(two.edges, four.edges);
  cost.op_memory = half_of_more(two.op_memory, four.op_memory);
  cost.flops = (four.flops - two.flops) / 2.0;
  return cost;
}

void add_lists(StepCost& cost, const StepSample& two, const StepSample& four,
               const StepSample& two_inside, const StepSample& four_inside,
               const StepSample& two_states, const StepSample& four_states) {
  cost.lists = true;
  cost.list_bytes = above(half_of_more(two.kept_bytes, four.kept_bytes), cost.kept_bytes);
  cost.list_memory = above(half_of_more(two.kept_memory, four.kept_memory), cost.kept_memory);
  cost.held_bytes = half_of_more(two_inside.kept_bytes, four_inside.kept_bytes);
  cost.held_memory = half_of_more(two_inside.kept_memory, four_inside.kept_memory);
  cost.state_bytes = half_of_more(two_states.kept_bytes, four_states.kept_bytes);
  cost.waiting_memory = four.output_memory;
  cost.working_memory =
      std::max(cost.working_memory, above(four.working_memory, 4 * cost.waiting_memory));
  cost.nodes = half_of_more(two.nodes, four.nodes);
  cost.edges = half_of_more(two.edges, four.edges);
  cost.op_memory = half_of_more(two.op_memory, four.op_memory);
}

void add_padding(StepCost& cost, const StepCost& padded, const Tensor& mask) {
  const std::size_t steps = mask.shape()[0];
  std::size_t from = 0;
  while (from < steps && all_real(mask, from)) ++from;
  if (from == steps) return;
  cost.padding = {from,
                  above(padded.kept_bytes, cost.kept_bytes),
                  above(padded.kept_memory, cost.kept_memory),
                  above(padded.nodes, cost.nodes),
                  above(padded.edges, cost.edges),
                  above(padded.op_memory, cost.op_memory)};
  cost.state_memory = std::max(cost.state_memory, padded.state_memory);
  cost.working_memory = std::max(cost.working_memory, padded.working_memory);
}

}  // namespace wengert::detail
