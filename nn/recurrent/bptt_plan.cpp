// SPDX-License-Identifier: MIT
#include "bptt_plan.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "../../graph/error.h"
#include "plan_parts.h"

namespace wengert {
namespace detail {

void require_steps_to_plan(const char* plan, std::size_t steps) {
  if (steps == 0) throw ValueError(fmt::format("{}: there are no steps to plan for", plan));
}

std::vector<BpttPlan::Part> even_parts(std::size_t begin, std::size_t end, std::size_t count) {
  std::vector<BpttPlan::Part> parts;
  for (std::size_t left = count; left > 0; --left) {
    const std::size_t next = begin + (end - begin + left - 1) / left;
    parts.push_back({begin, next, {}, false});
    begin = next;
  }
  return parts;
}

double table_bytes_a_step(const StepCost& cost) {
  return static_cast<double>(sizeof(Tensor) * (cost.nodes + cost.padding.nodes));
}

double tape_bytes(std::size_t steps, const StepCost& cost) {
  constexpr double place = 2 * sizeof(Place) + 5 * sizeof(void*);  // in a list and in a hash table
  const auto node = static_cast<double>(sizeof(detail::Node) + sizeof(Tensor));
  const StepCost::Padding& more = cost.padding;
  const auto padded = static_cast<double>(padded_steps(0, steps, cost));
  return static_cast<double>(steps) *
             (static_cast<double>(cost.nodes) * node +
              static_cast<double>(cost.edges * sizeof(std::uint32_t) + cost.op_memory) +
              (cost.nodes > 0 ? place : 0.0)) +
         padded * (static_cast<double>(more.nodes) * node +
                   static_cast<double>(more.edges * sizeof(std::uint32_t) + more.op_memory));
}

}  // namespace detail

namespace {

using Part = BpttPlan::Part;

// The values of a stretch of steps, without lists.
std::size_t values_of(const Part& part, const StepCost& cost) {
  return length(part) * cost.kept_memory +
         padded_steps(part.begin, part.end, cost) * cost.padding.kept_memory;
}

// What is held while a checkpoint is passed: of its own inner ones the states up to where backward
// is, of the innermost all values.
std::size_t peak_inside(const Part& part, const StepCost& cost) {
  if (part.parts.empty()) return values_of(part, cost);
  std::size_t held = 0;
  std::size_t peak = 0;
  for (std::size_t i = 0; i < part.parts.size(); ++i) {
    if (i > 0) held += cost.state_memory;
    if (part.parts[i].kept) held += values_of(part.parts[i], cost);
    else peak = std::max(peak, held + peak_inside(part.parts[i], cost));
  }
  return std::max(peak, held);
}

double tables_inside(const Part& part, const StepCost& cost) {
  const double own = static_cast<double>(length(part)) * table_bytes_a_step(cost);
  double inner = own * while_restoring;
  for (const Part& child : part.parts)
    if (!child.kept) inner = std::max(inner, tables_inside(child, cost));
  return own + inner;
}

std::size_t checkpoints_in(const Part& part) {
  std::size_t count = 0;
  for (const Part& child : part.parts) count += (child.kept ? 0 : 1) + checkpoints_in(child);
  return count;
}

// Restoring a checkpoint runs it up to where its last inner one begins.
std::size_t reruns_inside(const Part& part) {
  if (part.parts.empty()) return length(part);
  const Part& last = part.parts.back();
  std::size_t count = length(part) - (last.kept ? 0 : length(last));
  for (const Part& child : part.parts)
    if (!child.kept) count += reruns_inside(child);
  return count;
}

std::string bytes_text(std::size_t bytes) {
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  if (bytes < 10'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

}  // namespace

BpttFigures figures(const BpttPlan& plan) {
  const StepCost& cost = plan.step;
  const std::size_t steps = length(plan.all);
  BpttFigures result;
  double tables = 0.0;
  const auto keep = [&](const Part& part) {
    result.kept_bytes += length(part) * (cost.kept_bytes + cost.list_bytes) +
                         padded_steps(part.begin, part.end, cost) * cost.padding.kept_bytes;
    result.kept_memory += values_of(part, cost) + length(part) * cost.list_memory;
  };
  if (plan.all.parts.empty()) keep(plan.all);
  std::size_t inside = 0;
  for (const Part& part : plan.all.parts) {
    if (part.kept) {
      keep(part);
      continue;
    }
    // What a list holds of the state that a checkpoint ends with is the same block.
    result.kept_bytes +=
        std::max(part.end < plan.all.end ? cost.state_bytes : cost.last_bytes, cost.held_bytes) +
        (length(part) - 1) * cost.held_bytes;
    result.kept_memory +=
        std::max(cost.state_memory, cost.held_memory) + (length(part) - 1) * cost.held_memory;
    result.reruns += reruns_inside(part);
    inside = std::max(inside, peak_inside(part, cost));
    tables = std::max(tables, tables_inside(part, cost));
  }
  result.peak_memory =
      result.kept_memory + inside + cost.working_memory + steps * cost.waiting_memory;
  result.tape_memory = static_cast<std::size_t>(
      tape_bytes(steps, cost) + tables +
      (cost.nodes > 0 ? checkpoint_bytes * static_cast<double>(checkpoints_in(plan.all)) : 0.0));
  if (steps > 0)
    result.forward_units = 3.0 + static_cast<double>(result.reruns) / static_cast<double>(steps);
  return result;
}

std::string to_string(const BpttPlan& plan) {
  if (plan.all.end == 0) return "everything is kept: 3 forward units a step";
  const BpttFigures promise = figures(plan);
  std::string text = fmt::format(
      "{} steps, {} checkpoints: {} steps run again, {:.2f} forward units a step ({:+.0f} %)",
      plan.all.end, checkpoints_in(plan.all), promise.reruns, promise.forward_units,
      100.0 * (promise.forward_units / 3.0 - 1.0));
  if (plan.step.nodes > 0)
    text += fmt::format("; {} kept after forward, tensors at most {}, tape {}, together {}",
                        bytes_text(promise.kept_bytes), bytes_text(promise.peak_memory),
                        bytes_text(promise.tape_memory), bytes_text(promise.total_memory())) +
            (plan.step.lists ? ", lists counted" : ", without lists");
  if (padded_steps(0, plan.all.end, plan.step) > 0 && plan.step.padding.nodes > 0)
    text += fmt::format(", padding from step {} on counted", plan.step.padding.from);
  return text;
}

BpttPlan keep_everything(std::size_t steps, const StepCost& cost) {
  require_steps_to_plan("keep_everything", steps);
  return {{0, steps, {}, false}, cost};
}

BpttPlan hidden_states_only(std::size_t steps, const StepCost& cost) {
  require_steps_to_plan("hidden_states_only", steps);
  return {{0, steps, even_parts(0, steps, steps), false}, cost};
}

BpttPlan square_root(std::size_t steps, const StepCost& cost) {
  require_steps_to_plan("square_root", steps);
  const auto count = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(steps))));
  return {{0, steps, even_parts(0, steps, count), false}, cost};
}

namespace {
void halve(Part& part) {
  if (length(part) < 2) return;
  part.parts = even_parts(part.begin, part.end, 2);
  for (Part& half : part.parts) halve(half);
}
}  // namespace

BpttPlan logarithmic(std::size_t steps, const StepCost& cost) {
  require_steps_to_plan("logarithmic", steps);
  BpttPlan plan{{0, steps, {}, false}, cost};
  halve(plan.all);
  if (plan.all.parts.empty()) plan.all.parts = even_parts(0, steps, 1);
  return plan;
}

}  // namespace wengert
