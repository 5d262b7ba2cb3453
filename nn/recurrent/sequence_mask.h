// SPDX-License-Identifier: MIT
// Which steps of a padded batch are real. A sequence's real steps come first; in padding its state
// stands still, its input is taken as 0 and its loss counts nothing, so that the batch's gradient
// is that of the sequences alone, whatever the padding holds.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "../../graph/tensor.h"
#include "../../graph/var.h"

namespace wengert {

/// The mask [T, batch] of sequences of these lengths: 1 where step t is real.
/// Errors: ValueError if there are none, or one is 0 or longer than `steps` (0: the longest).
Tensor sequence_mask(std::span<const std::size_t> lengths, std::size_t steps = 0);

namespace detail {
/// Errors, in the name of `what`: ShapeError unless the mask is [steps, batch]; ValueError naming
/// the sequence and step if a value is not 0 or 1, a sequence has a hole, or has no real step.
void require_sequence_mask(const char* what, const Tensor& mask, std::size_t steps,
                           std::size_t batch);
/// Row t as a condition [batch, 1, ...] that fits `like`.
/// On the mask's tape if it is on one, so that a checkpoint forgets it.
Var mask_row(const Var& mask, std::size_t t, const Var& like);
/// x, one step's input, with 0 in the sequences that are padding at step t: a weight's gradient is
/// a product of x and what comes back, and 0 times NaN is NaN. The mask may be undefined.
Var real_input(const Var& mask, std::size_t t, const Var& x);
/// True if every sequence is in its real part at step t.
bool all_real(const Tensor& mask, std::size_t t);
/// The last real step of every sequence.
std::vector<std::size_t> last_steps(const Tensor& mask);
}  // namespace detail

}  // namespace wengert
