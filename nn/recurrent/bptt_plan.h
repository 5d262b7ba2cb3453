// SPDX-License-Identifier: MIT
// What backpropagation through time keeps and what it computes again: checkpoints, nested, laid
// over the steps of an unrolled net.
#pragma once

#include <cstddef>
#include <vector>

namespace wengert {

/// A tree of stretches of steps. The values inside a stretch are forgotten and computed again when
/// backward needs them; a stretch without parts is run at once. Made by the functions below.
struct BpttPlan {
  struct Part {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::vector<Part> parts = {};
  };
  /// Of all steps; without parts everything is kept.
  Part all = {};
};

}  // namespace wengert
