// SPDX-License-Identifier: MIT
// A tape as a picture: DOT text for Graphviz (dot -Tsvg tape.dot > tape.svg).
#pragma once

#include <cstddef>
#include <string>

#include "tape.h"
#include "var.h"

namespace wengert {

struct DotOptions {
  bool fold = false;           ///< each call of a module becomes one box, its weights included
  std::size_t depth = 1;       ///< what is a module when folding: so many names of its path
  std::size_t most_steps = 8;  ///< of more time steps the middle ones become one box
};

/// What leads to the loss: ops as round boxes with the shape of what they make, parameters as boxes
/// with theirs, data and whatever else gets no gradient in grey; solid edges carry gradients.
/// Modules (by the paths of their scopes) are frames. It goes from left to right: the computation,
/// or, if there are time steps, the steps in their order, each going down; what several steps read
/// is drawn in each of them.
///
/// The same recording gives the same text, and no edges form a circle. O(n log n) for n nodes and
/// edges; beyond a few hundred boxes Graphviz is slow and the picture of little use: fold it.
/// Errors: TapeError if `loss` is not on `tape`; ValueError if depth is 0 or most_steps below 3.
std::string dot(const Tape& tape, const Var& loss, DotOptions options = {});

}  // namespace wengert
