// SPDX-License-Identifier: MIT
// What dot.h draws: which boxes there are, in which frames, and the edges between them. How that is
// written is dot.cpp's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dot.h"
#include "recording.h"

namespace wengert::detail {

struct Drawing {
  using Names = std::vector<std::string>;
  using Step = std::optional<std::int64_t>;

  /// The frame that something is in: a time step, and a module inside it.
  struct Frame {
    Step step;
    Names path;
    friend bool operator==(const Frame&, const Frame&) = default;
  };

  /// What is drawn as one.
  struct Box {
    enum class Kind : std::uint8_t {
      op,
      leaf,      ///< or several parameters that the same ops read
      module,    ///< the ops of one call, folded
      left_out,  ///< the ops of the steps in the middle
    };
    Kind kind = Kind::op;
    std::vector<std::uint32_t> nodes;
    Frame frame;
    bool tracked = false;
    std::size_t weights = 0;  ///< values of the parameters that are part of it
  };

  struct Edge {
    std::size_t from, to;
    bool carries_gradient;
  };

  /// Whether it is, or stands for, time steps; then the (first) step.
  Step step_of(std::size_t box) const {
    return boxes[box].kind == Box::Kind::left_out ? first_left_out : boxes[box].frame.step;
  }

  std::vector<Box> boxes;
  std::vector<Edge> edges;
  Step first_left_out, last_left_out;
};

Drawing draw(const Recording& tape, std::uint32_t loss, const DotOptions& options);

}  // namespace wengert::detail
