// SPDX-License-Identifier: MIT
// Memory plans that are searched for: revolve's trees, and the cheapest within a budget.
#include <algorithm>

#include <fmt/format.h>

#include "../../graph/error.h"
#include "plan_parts.h"

namespace wengert {
namespace {

using Part = BpttPlan::Part;

// Revolve: a checkpoint that may hold `slots` states for its inner ones, in units of the steps
// that the innermost run at once.

constexpr std::size_t plenty = std::size_t{1} << 40;

// (n over k), at most `plenty`.
std::size_t binomial(std::size_t n, std::size_t k) {
  k = std::min(k, n - k);
  std::size_t result = 1;
  for (std::size_t i = 1; i <= k; ++i) {
    result = result * (n - k + i) / i;
    if (result >= plenty) return plenty;
  }
  return result;
}
// Units that `slots` states can reverse when each is nested at most `depth` deep: with
// c = slots + 1 it is N(c, d) = sum_j N(c - j, d - 1).
std::size_t units_within(std::size_t slots, std::size_t depth) {
  return binomial(slots + depth, depth);
}
// Everything that walks a plan goes this deep into itself.
constexpr std::size_t deepest = 1000;
// `units` units can be reversed only if there is a slot.
std::size_t depth_for(std::size_t units, std::size_t slots) {
  if (slots == 0 || units <= 1) return 0;
  if (slots == 1) return units - 1;
  std::size_t depth = 0;
  while (units_within(slots, depth) < units) ++depth;
  return depth;
}
// Unit reruns of the tree that `revolve_tree` makes (Griewank and Walther 2000, eq. 4, and one run
// of each unit for its own values).
double rerun_units(std::size_t units, std::size_t slots, std::size_t depth) {
  if (depth == 0) return 1.0;
  return static_cast<double>(depth + 1) * static_cast<double>(units) -
         static_cast<double>(binomial(slots + depth, depth - 1));
}

void revolve_tree(Part& part, std::size_t unit, std::size_t slots) {
  const std::size_t units = (length(part) + unit - 1) / unit;
  if (units <= 1) return;
  const std::size_t depth = depth_for(units, slots);
  const auto least = [&](std::size_t j) {
    return depth < 2 ? std::size_t{0} : units_within(slots - j, depth - 2);
  };
  std::size_t spare = units;
  for (std::size_t j = 0; j <= slots; ++j) spare -= std::min(spare, least(j));
  std::size_t begin = part.begin;
  for (std::size_t j = 0; j <= slots && begin < part.end; ++j) {
    const std::size_t more = std::min(spare, units_within(slots - j, depth - 1) - least(j));
    spare -= more;
    const std::size_t end = std::min(part.end, begin + (least(j) + more) * unit);
    part.parts.push_back({begin, end, {}, false});
    revolve_tree(part.parts.back(), unit, slots - j);
    begin = end;
  }
}

// A plan in four numbers: the last `tail` steps are kept; those before are `parts` checkpoints with
// `slots` states each for inner ones, of which the innermost run `unit` steps.
struct Recipe {
  std::size_t tail = 0;
  std::size_t parts = 1;
  std::size_t unit = 1;
  std::size_t slots = 0;
};
struct Estimate {
  bool possible = false;
  double reruns = 0.0;
  double memory = 0.0;
};

std::size_t longest_part(std::size_t steps, const Recipe& recipe) {
  const std::size_t units = (steps - recipe.tail + recipe.unit - 1) / recipe.unit;
  return (units + recipe.parts - 1) / recipe.parts;
}

Estimate estimate(std::size_t steps, const Recipe& recipe, const StepCost& cost) {
  const std::size_t units = (steps - recipe.tail + recipe.unit - 1) / recipe.unit;
  if (recipe.parts > units) return {};
  const std::size_t small = units / recipe.parts;
  const std::size_t large = longest_part(steps, recipe);
  if (recipe.slots == 0 && large > 1) return {};
  const std::size_t depth = depth_for(large, recipe.slots);
  if (depth > deepest) return {};
  const auto larger = static_cast<double>(units - small * recipe.parts);
  Estimate result;
  result.possible = true;
  result.reruns = static_cast<double>(recipe.unit) *
                  (larger * rerun_units(large, recipe.slots, depth) +
                   (static_cast<double>(recipe.parts) - larger) *
                       rerun_units(small, recipe.slots, depth_for(small, recipe.slots)));
  // Tables of nested checkpoints: sum_k N(c, d - k) = N(c + 1, d).
  const double nested =
      static_cast<double>(recipe.slots + 1 + depth) / static_cast<double>(recipe.slots + 1);
  result.memory = tape_bytes(steps, cost) + static_cast<double>(cost.working_memory) +
                  static_cast<double>((recipe.parts + recipe.slots) * cost.state_memory) +
                  static_cast<double>(
                      (recipe.tail + recipe.unit) * (cost.kept_memory + cost.padding.kept_memory) +
                      recipe.tail * cost.list_memory + (steps - recipe.tail) * cost.held_memory +
                      steps * cost.waiting_memory) +
                  checkpoint_bytes * static_cast<double>(2 * units) +
                  static_cast<double>(large * recipe.unit) * table_bytes_a_step(cost) *
                      (nested + while_restoring);
  return result;
}

BpttPlan planned(std::size_t steps, const Recipe& recipe, const StepCost& cost) {
  BpttPlan plan = keep_everything(steps, cost);
  const std::size_t checkpointed = steps - recipe.tail;
  const std::size_t units = (checkpointed + recipe.unit - 1) / recipe.unit;
  for (const Part& in_units : even_parts(0, units, std::min(recipe.parts, units))) {
    Part part{in_units.begin * recipe.unit,
              std::min(checkpointed, in_units.end * recipe.unit),
              {},
              false};
    revolve_tree(part, recipe.unit, recipe.slots);
    plan.all.parts.push_back(std::move(part));
  }
  if (recipe.tail > 0) plan.all.parts.push_back({checkpointed, steps, {}, true});
  return plan;
}

// 0 or 1 to `most`: all small numbers, then steps of a tenth.
std::vector<std::size_t> grid(std::size_t first, std::size_t most) {
  std::vector<std::size_t> values;
  for (std::size_t value = first; value < most; value = std::max(value + 1, value * 11 / 10))
    values.push_back(value);
  values.push_back(most);
  return values;
}

// The most slots with which the recipe stays within the budget; more are never worse.
Recipe with_slots(std::size_t steps, Recipe recipe, const StepCost& cost, double budget) {
  const std::size_t large = longest_part(steps, recipe);
  const auto fits = [&](std::size_t slots) {
    recipe.slots = slots;
    const Estimate found = estimate(steps, recipe, cost);
    return found.possible && found.memory <= budget;
  };
  std::size_t most = large > 0 ? large - 1 : 0;
  if (cost.state_memory > 0)
    most = std::min(most, static_cast<std::size_t>(budget) / cost.state_memory);
  // Tables shrink with slots while states grow: try downwards in ever larger steps.
  for (std::size_t slots = most;; slots = slots * 9 / 10) {
    if (fits(slots)) {
      while (slots < most && fits(slots + 1)) ++slots;
      recipe.slots = slots;
      return recipe;
    }
    if (slots == 0) break;
  }
  recipe.slots = 0;
  return recipe;
}

struct Choice {
  bool found = false;
  Recipe recipe;
  double reruns = 0.0;
};

void try_recipe(std::size_t steps, Recipe recipe, const StepCost& cost, double budget,
                Choice& best) {
  const std::size_t units = (steps - recipe.tail + recipe.unit - 1) / recipe.unit;
  if (recipe.tail >= steps || recipe.parts > units) return;
  // Every step before the tail is run again at least once.
  if (best.found && static_cast<double>(steps - recipe.tail) >= best.reruns) return;
  recipe.slots = 0;
  if (estimate(steps, {recipe.tail, units, recipe.unit, 0}, cost).memory > budget) {
    recipe = with_slots(steps, recipe, cost, budget);
  } else {
    recipe.parts = units;  // all of them side by side
  }
  const Estimate found = estimate(steps, recipe, cost);
  if (!found.possible || found.memory > budget) return;
  if (!best.found || found.reruns < best.reruns) best = {true, recipe, found.reruns};
}

Choice cheapest(std::size_t steps, const StepCost& cost, double budget) {
  Choice best;
  constexpr std::size_t pieces = 16;
  for (std::size_t piece = pieces; piece-- > 0;)
    for (const std::size_t unit : grid(1, steps))
      for (const std::size_t parts : grid(1, (steps + unit - 1) / unit))
        try_recipe(steps, {steps * piece / pieces, parts, unit, 0}, cost, budget, best);
  if (!best.found) return best;
  // Then step by step, with ever smaller steps.
  for (std::size_t stride = steps / pieces + 1; stride > 0;) {
    const Choice before = best;
    const std::size_t by = std::max<std::size_t>(1, before.recipe.unit / 20);
    const std::size_t side = std::max<std::size_t>(1, before.recipe.parts / 20);
    for (const std::size_t tail :
         {before.recipe.tail + stride, before.recipe.tail - std::min(stride, before.recipe.tail),
          before.recipe.tail})
      for (const std::size_t unit :
           {before.recipe.unit, before.recipe.unit + by,
            std::max<std::size_t>(1, before.recipe.unit - std::min(by, before.recipe.unit))})
        for (const std::size_t parts :
             {before.recipe.parts, before.recipe.parts + side,
              std::max<std::size_t>(1, before.recipe.parts - std::min(side, before.recipe.parts))})
          try_recipe(steps, {tail, parts, unit, 0}, cost, budget, best);
    if (best.reruns >= before.reruns) stride /= 2;
  }
  return best;
}

BpttPlan smallest(std::size_t steps, const StepCost& cost) {
  Recipe best;
  double least = -1.0;
  for (const std::size_t unit : grid(1, steps))
    for (const std::size_t parts : grid(1, (steps + unit - 1) / unit))
      for (const std::size_t slots : grid(0, longest_part(steps, {0, parts, unit, 0}))) {
        const Recipe recipe{0, parts, unit, slots};
        const Estimate found = estimate(steps, recipe, cost);
        if (found.possible && (least < 0.0 || found.memory < least)) {
          least = found.memory;
          best = recipe;
        }
      }
  BpttPlan plan = planned(steps, best, cost);
  BpttPlan everything = keep_everything(steps, cost);
  return figures(everything).total_memory() < figures(plan).total_memory() ? everything : plan;
}

void require_measured(const char* what, std::size_t steps, const StepCost& cost) {
  require_steps_to_plan(what, steps);
  if (cost.nodes == 0 || cost.state_memory == 0)
    throw ValueError(fmt::format(
        "{}: the cost of a step is not known; measure it with step_cost(module, x, h)", what));
}

}  // namespace

BpttPlan revolve(std::size_t steps, std::size_t states, const StepCost& cost) {
  require_steps_to_plan("revolve", steps);
  const auto best_with = [&](std::size_t count) {
    Choice best;
    for (std::size_t parts = 1; parts <= std::min(count, steps); ++parts) {
      const Recipe recipe{0, parts, 1, count - parts};
      const Estimate found = estimate(steps, recipe, cost);
      if (found.possible && (!best.found || found.reruns < best.reruns))
        best = {true, recipe, found.reruns};
    }
    return best;
  };
  const Choice best = best_with(states);
  if (!best.found) {
    std::size_t least = states + 1;
    while (!best_with(least).found) ++least;
    throw ValueError(fmt::format("revolve: {} states do not do for {} steps; the least is {}",
                                 states, steps, least));
  }
  return planned(steps, best.recipe, cost);
}

std::size_t least_bptt_budget(std::size_t steps, const StepCost& cost) {
  require_measured("least_bptt_budget", steps, cost);
  return figures(smallest(steps, cost)).total_memory();
}

BpttPlan plan_bptt(std::size_t steps, const StepCost& cost, std::size_t budget_bytes) {
  require_measured("plan_bptt", steps, cost);
  BpttPlan everything = keep_everything(steps, cost);
  if (figures(everything).total_memory() <= budget_bytes) return everything;
  // The search goes by an estimate; what is given back is held to the figures.
  auto aim = static_cast<double>(budget_bytes);
  for (int attempt = 0; attempt < 8; ++attempt) {
    const Choice choice = cheapest(steps, cost, aim);
    if (!choice.found) break;
    BpttPlan plan = planned(steps, choice.recipe, cost);
    const std::size_t total = figures(plan).total_memory();
    if (total <= budget_bytes) return plan;
    aim -= 1.5 * static_cast<double>(total - budget_bytes);
  }
  BpttPlan plan = smallest(steps, cost);
  if (const std::size_t least = figures(plan).total_memory(); least > budget_bytes)
    throw ValueError(fmt::format(
        "plan_bptt: no plan for {} steps fits into {} bytes; the least that does is {}, "
        "of which the tape's nodes take {}",
        steps, budget_bytes, least, figures(plan).tape_memory));
  return plan;
}

}  // namespace wengert
