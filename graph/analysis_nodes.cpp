// SPDX-License-Identifier: MIT
#include "analysis_nodes.h"

#include <fmt/format.h>

#include "error.h"

namespace wengert::detail {

std::uint32_t node_of(const char* op, const Tape& tape, const Var& x) {
  const Recording* recording = Recording::of(x);
  if (!recording)
    throw TapeError(fmt::format(
        "{}: this value is on no tape; was the model's input made with tape.input(...)?", op));
  if (recording != &tape.recording())
    throw TapeError(fmt::format("{}: this value is on another tape", op));
  return Recording::index_of(x);
}

std::uint32_t node_of(const char* op, const Tape& tape, const Parameter& parameter) {
  const std::uint32_t node = tape.recording().parameter_node(parameter.id());
  if (node == Recording::none)
    throw TapeError(fmt::format("{}: parameter '{}' is not on this tape; was the model called?", op,
                                parameter.name()));
  return node;
}

DescribedNode described(const Recording& recording, std::uint32_t node) {
  return {node, recording.described(node)};
}

namespace {

/// From the loss back over all edges for which `passes(input, reader)`.
template <class Passes>
std::vector<bool> leading_to(const Recording& recording, std::uint32_t loss, Passes passes) {
  std::vector<bool> leads(loss + 1, false);
  leads[loss] = true;
  for (std::uint32_t node = loss + 1; node-- > 0;) {
    if (!leads[node]) continue;
    for (const std::uint32_t input : recording.inputs(node))
      if (passes(input, node)) leads[input] = true;
  }
  return leads;
}

}  // namespace

std::vector<bool> leading_to(const Recording& recording, std::uint32_t loss) {
  return leading_to(recording, loss, [](std::uint32_t, std::uint32_t) { return true; });
}

std::vector<bool> reached_from(const Recording& recording, std::uint32_t loss) {
  if (!recording.nodes[loss].tracked) return std::vector<bool>(loss + 1, false);
  return leading_to(recording, loss, [&](std::uint32_t input, std::uint32_t) {
    return recording.nodes[input].tracked;
  });
}

}  // namespace wengert::detail
