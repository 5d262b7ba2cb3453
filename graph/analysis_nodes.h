// SPDX-License-Identifier: MIT
// What the questions of analysis.h and peak_memory.h have in common: the node that a value is, what
// it is called, and which nodes the answer is about.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis.h"
#include "recording.h"

namespace wengert::detail {

/// `op` is the question, for the message. Errors: TapeError if it is not on this tape.
std::uint32_t node_of(const char* op, const Tape& tape, const Var& x);
std::uint32_t node_of(const char* op, const Tape& tape, const Parameter& parameter);
DescribedNode described(const Recording& recording, std::uint32_t node);

/// The nodes that the loss is made of, by index up to its own.
std::vector<bool> leading_to(const Recording& recording, std::uint32_t loss);
/// Those of them that a gradient of the loss reaches.
std::vector<bool> reached_from(const Recording& recording, std::uint32_t loss);

}  // namespace wengert::detail
