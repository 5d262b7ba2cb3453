// SPDX-License-Identifier: MIT
// Written by hand: Boost's write_graphviz draws frames only for its own subgraph class, which would
// be a copy of the tape.
#include "dot.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "drawing.h"
#include "error.h"
#include "recording.h"

namespace wengert {
namespace {

using detail::Drawing;
using detail::Leaf;
using detail::Recording;
using Names = Drawing::Names;
using Step = Drawing::Step;
using Frame = Drawing::Frame;
using Box = Drawing::Box;
using Edge = Drawing::Edge;

std::string joined(const Names& names, std::string_view separator) {
  return fmt::format("{}", fmt::join(names, separator));
}

/// A text as it stands, for Graphviz: quotes and backslashes mean themselves.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n') result += "\\n";
    else result += c;
  }
  return result + '"';
}

class DotText {
 public:
  DotText(const Recording& tape, std::uint32_t loss, Drawing drawing)
      : tape_(tape), loss_(loss), drawing_(std::move(drawing)) {}
  std::string write();

 private:
  void write_frame(const Frame& frame, const std::vector<std::size_t>& boxes, int depth);
  void write_edges();
  void write_order_of_steps();

  template <class... Arguments>
  void line(int depth, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    out_.append(2 * static_cast<std::size_t>(depth), ' ');
    fmt::format_to(std::back_inserter(out_), text, std::forward<Arguments>(arguments)...);
    out_ += '\n';
  }
  std::string id(std::size_t index) const;
  std::string shape(std::uint32_t node) const;
  std::string label(const Box& box) const;
  std::string label_of_leaf(const Box& box) const;
  std::string label_of_module(const Box& box) const;
  std::string look(const Box& box) const;
  std::string tooltip(const Box& box) const;

  const Recording& tape_;
  std::uint32_t loss_;
  Drawing drawing_;
  std::size_t frames_ = 0;
  std::string out_;
};

std::string DotText::write() {
  const bool steps = std::any_of(drawing_.boxes.begin(), drawing_.boxes.end(),
                                 [](const Box& box) { return box.frame.step.has_value(); });
  line(0, "digraph tape {{");
  // Steps are columns; without them the computation itself goes from left to right.
  line(1,
       "graph [rankdir={}, newrank=true, nodesep=0.15, ranksep=0.3, fontname=\"Helvetica\", "
       "fontsize=11]",
       steps ? "TB" : "LR");
  line(1,
       "node [shape=box, style=\"rounded,filled\", fillcolor=white, color=\"#33507a\", "
       "margin=\"0.1,0.04\", height=0.3, fontname=\"Helvetica\", fontsize=11]");
  line(1, "edge [color=\"#33507a\", arrowsize=0.6]");
  std::vector<std::size_t> all(drawing_.boxes.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  write_frame({}, all, 1);
  write_edges();
  if (steps) write_order_of_steps();
  line(0, "}}");
  return std::move(out_);
}

/// `boxes` are those in this frame or further inside.
void DotText::write_frame(const Frame& frame, const std::vector<std::size_t>& boxes, int depth) {
  std::vector<std::pair<Frame, std::vector<std::size_t>>> inner;
  for (const std::size_t index : boxes) {
    const Box& box = drawing_.boxes[index];
    const std::size_t modules = box.frame.path.size() - (box.kind == Box::Kind::module ? 1 : 0);
    Frame next = frame;
    if (box.frame.step && !frame.step) {
      next.step = box.frame.step;
    } else if (modules > frame.path.size()) {
      next.path.push_back(box.frame.path[frame.path.size()]);
    } else {
      line(depth, "{} [label={}{}, tooltip={}]", id(index), quoted(label(box)), look(box),
           quoted(tooltip(box)));
      continue;
    }
    auto known = std::find_if(inner.begin(), inner.end(),
                              [&](const auto& entry) { return entry.first == next; });
    if (known == inner.end()) known = inner.insert(inner.end(), {next, {}});
    known->second.push_back(index);
  }
  for (const auto& [next, members] : inner) {
    const bool is_step = next.step != frame.step;
    line(depth, "subgraph cluster_{} {{", frames_++);
    line(depth + 1,
         "label={}; labeljust=l; style=\"rounded,filled\"; color=\"#b4c0d2\"; fillcolor={}; "
         "fontcolor=\"#33507a\"",
         quoted(is_step ? fmt::format("step {}", *next.step) : next.path.back()),
         is_step ? "\"#f6f8fb\"" : "\"#e9eff8\"");
    write_frame(next, members, depth + 1);
    line(depth, "}}");
  }
}

std::string DotText::id(std::size_t index) const {
  const Box& box = drawing_.boxes[index];
  if (box.kind == Box::Kind::leaf && box.frame.step)
    return fmt::format("n{}_{}", box.nodes.front(), index);
  return fmt::format("n{}", box.nodes.front());
}

std::string DotText::shape(std::uint32_t node) const {
  const std::string extents = to_string(tape_.shape(node));
  const DType dtype = tape_.nodes[node].dtype;
  return dtype == f32 ? extents : fmt::format("{} {}", extents, to_string(dtype));
}

std::string DotText::label(const Box& box) const {
  switch (box.kind) {
    case Box::Kind::leaf: return label_of_leaf(box);
    case Box::Kind::module: return label_of_module(box);
    case Box::Kind::left_out:
      return fmt::format("steps {} to {}\n{} ops", *drawing_.first_left_out,
                         *drawing_.last_left_out, box.nodes.size());
    case Box::Kind::op: break;
  }
  return fmt::format("{}\n{}", tape_.op_name(box.nodes[0]), shape(box.nodes[0]));
}

std::string DotText::label_of_leaf(const Box& box) const {
  const detail::Node& first = tape_.nodes[box.nodes[0]];
  if (first.leaf == Leaf::constant && first.value.size() == 1)
    return fmt::format("{:.4g}", first.value.item());
  if (first.leaf != Leaf::parameter)
    return fmt::format("{}\n{}", tape_.op_name(box.nodes[0]), shape(box.nodes[0]));
  const std::string frame = joined(box.frame.path, ".") + ".";
  Names lines;
  for (const std::uint32_t node : box.nodes) {
    std::string name = tape_.parameter_name(node);
    if (name.starts_with(frame)) name.erase(0, frame.size());
    lines.push_back(fmt::format("{} {}", name, shape(node)));
  }
  return joined(lines, "\n");
}

std::string DotText::label_of_module(const Box& box) const {
  constexpr std::size_t widest = 24;
  Names ops;
  for (const std::uint32_t node : box.nodes) ops.emplace_back(tape_.op_name(node));
  std::string list = joined(ops, ", ");
  if (list.size() > widest) list = fmt::format("{} ops", ops.size());
  Names lines{joined(box.frame.path, "."), list, shape(box.nodes.back())};
  if (box.weights > 0) lines.insert(lines.end() - 1, fmt::format("weights: {}", box.weights));
  return joined(lines, "\n");
}

std::string DotText::look(const Box& box) const {
  std::string text;
  if (box.kind == Box::Kind::leaf) {
    const Leaf kind = tape_.nodes[box.nodes[0]].leaf;
    if (kind == Leaf::parameter) text += R"(, style=filled, fillcolor="#fff1cc", color="#b8860b")";
    else if (kind == Leaf::variable)
      text += R"(, style=filled, fillcolor="#e2f2dd", color="#4a8a3a")";
    else text += ", shape=plain, style=\"\"";
  }
  if (box.nodes.back() == loss_) text += ", penwidth=2";
  if (!box.tracked) text += ", color=gray70, fontcolor=gray45";
  return text;
}

std::string DotText::tooltip(const Box& box) const {
  if (box.nodes.size() == 1) return tape_.described(box.nodes[0]);
  return fmt::format("nodes {} to {}", box.nodes.front(), box.nodes.back());
}

// An edge to another step must not push it down. The box for the steps in the middle hangs below
// both its neighbours: for the layout, its edges to later steps are turned round.
void DotText::write_edges() {
  for (const Edge& edge : drawing_.edges) {
    std::string from = id(edge.from), to = id(edge.to);
    Names looks;
    if (!edge.carries_gradient) looks.emplace_back("style=dashed, color=gray70");
    const Step before = drawing_.step_of(edge.from), after = drawing_.step_of(edge.to);
    if (!before || !after || before == after) {
      if (drawing_.boxes[edge.from].kind != Box::Kind::leaf) looks.emplace_back("weight=8");
    } else if (drawing_.boxes[edge.from].kind == Box::Kind::left_out) {
      std::swap(from, to);
      looks.emplace_back("dir=back");
    } else if (drawing_.boxes[edge.to].kind != Box::Kind::left_out) {
      looks.emplace_back("constraint=false");
    }
    line(1, "{} -> {}{}", from, to, looks.empty() ? "" : fmt::format(" [{}]", joined(looks, ", ")));
  }
}

// Graphviz keeps nodes in order but not frames. So above each step there is an invisible node, and
// invisible edges from it to the upper ends of the step would cross if the steps changed places.
void DotText::write_order_of_steps() {
  std::vector<bool> has_input(drawing_.boxes.size(), false);
  for (const Edge& edge : drawing_.edges)
    if (drawing_.step_of(edge.from) == drawing_.step_of(edge.to)) has_input[edge.to] = true;
  std::map<std::int64_t, Names> tops;
  for (std::size_t i = 0; i < drawing_.boxes.size(); ++i)
    if (const Step step = drawing_.boxes[i].frame.step; step && !has_input[i])
      tops[*step].push_back(id(i));
  Names heads;
  line(1, "node [label=\"\", style=invis, width=0, height=0, margin=0]");
  line(1, "edge [style=invis]");
  for (const auto& [step, ids] : tops) {
    heads.push_back(fmt::format("head_{}", heads.size()));
    line(1, "{} -> {{ {} }}", heads.back(), joined(ids, "; "));
  }
  line(1, "{{ rank=source; {} }}", joined(heads, " -> "));
}

}  // namespace

std::string dot(const Tape& tape, const Var& loss, DotOptions options) {
  const Recording* recording = Recording::of(loss);
  if (!recording)
    throw TapeError(
        "dot: this value is on no tape; was the model's input made with tape.input(...)?");
  if (recording != &tape.recording()) throw TapeError("dot: this value is on another tape");
  if (options.depth == 0) throw ValueError("dot: depth is 0; a module has at least one name");
  if (options.most_steps < 3)
    throw ValueError(
        fmt::format("dot: most_steps is {}; the first, the last and what is between make at least "
                    "3",
                    options.most_steps));
  const std::uint32_t index = Recording::index_of(loss);
  return DotText(*recording, index, detail::draw(*recording, index, options)).write();
}

}  // namespace wengert
