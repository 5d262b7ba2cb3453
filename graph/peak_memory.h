// SPDX-License-Identifier: MIT
// What a recorded computation takes in memory at least, and where that is the most. What it did
// take is in pool.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "analysis.h"
#include "tape.h"
#include "var.h"

namespace wengert {

/// What a forward and a backward pass take if every value is freed as soon as it can be: what no
/// pullback reads after its last use, what one reads after that pullback, and what is inside a
/// checkpoint also in between. An eager tape holds on to its values until it ends, and whoever
/// holds a Var to that one, so they take more. Views count as values of their own.
struct PeakMemory {
  enum class Phase : std::uint8_t { forward, backward };

  std::size_t bytes;   ///< all that is alive at the worst moment
  std::size_t leaves;  ///< of these: inputs and parameters, which are there all the time
  std::size_t kept;    ///< what is kept from forward to backward, without leaves
  DescribedNode node;  ///< in whose forward or pullback that moment is
  Phase phase;
};
/// O(nodes + edges), times the depth to which checkpoints are nested.
/// Errors: TapeError if `loss` is not on `tape`.
PeakMemory peak_memory(const Tape& tape, const Var& loss);

}  // namespace wengert
