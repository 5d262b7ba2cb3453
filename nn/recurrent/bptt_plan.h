// SPDX-License-Identifier: MIT
// What backpropagation through time keeps and what it computes again: checkpoints, nested, laid
// over the steps of an unrolled net; and what that takes, known before anything runs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace wengert {

/// What one step of a net takes, in bytes; measured by `step_cost` (step_cost.h). "Memory" counts
/// blocks as they are allocated (a header of 128 bytes, sizes rounded up), "bytes" only elements.
struct StepCost {
  std::size_t kept_bytes = 0;      ///< kept from forward to backward without a checkpoint
  std::size_t kept_memory = 0;     ///< the same as memory
  std::size_t state_bytes = 0;     ///< kept where one checkpoint ends and the next begins
  std::size_t state_memory = 0;    ///< the same as memory
  std::size_t last_bytes = 0;      ///< kept of the last state, because the loss reads it
  std::size_t working_memory = 0;  ///< of backward itself: gradients, intermediates of a step
  std::size_t nodes = 0;           ///< of the tape
  std::size_t edges = 0;
  std::size_t op_memory = 0;  ///< of the nodes' op objects
  double flops = 0.0;         ///< of forward
  // With `unroll`'s lists, which hold values that a checkpoint forgets:
  bool lists = false;           ///< they were measured too
  std::size_t list_bytes = 0;   ///< of a step that is kept anyway, what lists and losses add
  std::size_t list_memory = 0;  ///< the same as memory
  std::size_t held_bytes = 0;   ///< of a step within a checkpoint, what stays all the same
  std::size_t held_memory = 0;  ///< the same as memory
  /// Of a step's gradient that waits from a loss behind all steps until backward comes there.
  std::size_t waiting_memory = 0;
  /// What a step takes more from the first one on in which a sequence is padding.
  struct Padding {
    std::size_t from = 0;
    std::size_t kept_bytes = 0;
    std::size_t kept_memory = 0;
    std::size_t nodes = 0;
    std::size_t edges = 0;
    std::size_t op_memory = 0;
  };
  Padding padding = {};
};

/// A tree of stretches of steps. The values inside a stretch are forgotten and computed again when
/// backward needs them; a stretch without parts is run at once. Made by the functions below.
struct BpttPlan {
  struct Part {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::vector<Part> parts = {};
    bool kept = false;  ///< no checkpoint: its values stay
  };
  /// Of all steps; without parts everything is kept.
  Part all = {};
  /// What a step was measured to take; zeros if nobody did.
  StepCost step = {};
};

/// What a plan promises; bytes are 0 if it does not know what a step takes.
struct BpttFigures {
  std::size_t kept_bytes = 0;   ///< elements kept after forward: Tape::kept_bytes
  std::size_t kept_memory = 0;  ///< the same as memory
  std::size_t peak_memory = 0;  ///< of tensors, at the worst moment of forward and backward
  /// Nodes (32 bytes each and 4 an edge), their ops and places, and backward's tables over them.
  std::size_t tape_memory = 0;
  std::size_t reruns = 0;  ///< steps that backward computes again, at most
  double forward_units =
      3.0;  ///< a step's forward and backward: 3, and 1 for each time it is rerun

  std::size_t total_memory() const { return peak_memory + tape_memory; }
};
BpttFigures figures(const BpttPlan& plan);

/// A line of what is kept and how much is computed again: bytes, steps, forward units a step; and
/// whether lists and padding are counted.
std::string to_string(const BpttPlan& plan);

/// Plans by their recipe. `cost` is only for the figures. Errors: ValueError for no steps.
/// Nothing is computed again: 3 forward units a step.
BpttPlan keep_everything(std::size_t steps, const StepCost& cost = {});
/// Each step a checkpoint, so that only what it hands on is kept: 4 units (+33 %) for cells that
/// keep more than that; a tanh RNN needs nothing else and computes little again.
BpttPlan hidden_states_only(std::size_t steps, const StepCost& cost = {});
/// About sqrt(steps) checkpoints of sqrt(steps) steps: 4 units.
BpttPlan square_root(std::size_t steps, const StepCost& cost = {});
/// Halves of halves: about log2(steps) states at once, 3 + log2(steps) / 2 units.
BpttPlan logarithmic(std::size_t steps, const StepCost& cost = {});
/// The fewest reruns with at most `states` states between checkpoints at once and one step's values
/// (A. Griewank and A. Walther, "Algorithm 799: revolve", 2000). Within a checkpoint it is their
/// optimum; the outermost states stay on the tape until it ends, which is Wengert's own. Errors:
/// ValueError for no steps, or too few states: it takes 2 (1 for one step), and as many as make
/// checkpoints nest at most 1000 deep.
BpttPlan revolve(std::size_t steps, std::size_t states, const StepCost& cost = {});

/// The fewest reruns found whose total memory is within the budget: steps at the end that are kept,
/// before them nested checkpoints whose innermost run several steps. The process grows by up to a
/// third more than the total: malloc aligns small blocks, and arrays that grow have spare room.
/// Errors: ValueError for no steps, a cost that was not measured, or a budget too small for any
/// plan, which says the least that would do.
BpttPlan plan_bptt(std::size_t steps, const StepCost& cost, std::size_t budget_bytes);
/// The least budget that `plan_bptt` takes. Errors: as there.
std::size_t least_bptt_budget(std::size_t steps, const StepCost& cost);

}  // namespace wengert
