// SPDX-License-Identifier: MIT
// What memory plans are made and judged with: stretches of steps, and what the engine takes beside
// tensors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "../../graph/recording.h"
#include "bptt_plan.h"

namespace wengert::detail {

inline std::size_t length(const BpttPlan::Part& part) { return part.end - part.begin; }
/// How many steps from `begin` to `end` are ones in which a sequence is padding.
inline std::size_t padded_steps(std::size_t begin, std::size_t end, const StepCost& cost) {
  return end - std::min(end, std::max(begin, cost.padding.from));
}
/// Errors: ValueError naming the plan for no steps.
void require_steps_to_plan(const char* plan, std::size_t steps);
/// `count` stretches of about equal length, the longer ones first.
std::vector<BpttPlan::Part> even_parts(std::size_t begin, std::size_t end, std::size_t count);

/// Nodes with their cotangents, edges, ops and places.
double tape_bytes(std::size_t steps, const StepCost& cost);
/// Backward's tables have a pointer for each node of the checkpoints around it, and for the one
/// that is just restored two indices and a few bits more: `while_restoring` times as much.
double table_bytes_a_step(const StepCost& cost);
inline constexpr double while_restoring = 1.04;
/// Of a checkpoint: in the tape's list, in backward's copy of it, and what is around each.
inline constexpr double checkpoint_bytes = 2 * sizeof(Segment) + sizeof(std::size_t);

}  // namespace wengert::detail

namespace wengert {
// For the sources that make plans, which include this header alone.
using detail::checkpoint_bytes;
using detail::even_parts;
using detail::length;
using detail::padded_steps;
using detail::require_steps_to_plan;
using detail::table_bytes_a_step;
using detail::tape_bytes;
using detail::while_restoring;
}  // namespace wengert
