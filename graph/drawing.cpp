// SPDX-License-Identifier: MIT
#include "drawing.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace wengert::detail {
namespace {

using Names = Drawing::Names;
using Step = Drawing::Step;
using Frame = Drawing::Frame;
using Box = Drawing::Box;

constexpr std::size_t none = static_cast<std::size_t>(-1);

Names names_of(std::string_view path) {
  Names names;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    names.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return names;
}

/// The innermost frame around both.
Frame around(const Frame& a, const Frame& b) {
  if (a.step != b.step) return {};
  const auto ends = std::mismatch(a.path.begin(), a.path.end(), b.path.begin(), b.path.end());
  return {a.step, Names(a.path.begin(), ends.first)};
}

class Drafter {
 public:
  Drafter(const Recording& tape, std::uint32_t loss, const DotOptions& options)
      : tape_(tape), loss_(loss), options_(options), box_of_op_(loss + 1, none) {}
  Drawing run();

 private:
  void mark();
  void find_steps_to_leave_out();
  void box_ops();
  void box_leaves();
  void add_leaf(std::uint32_t node, const std::set<std::size_t>& readers);
  void connect();

  bool is_leaf(std::uint32_t node) const { return tape_.nodes[node].leaf != Leaf::no; }
  bool leaves_out(Step step) const {
    return drawing_.first_left_out && *step >= *drawing_.first_left_out &&
           *step <= *drawing_.last_left_out;
  }
  bool is_part_of(std::uint32_t leaf, const Box& box) const;
  std::size_t box_of(std::uint32_t node, std::size_t reader) const;

  const Recording& tape_;
  std::uint32_t loss_;
  DotOptions options_;
  std::vector<bool> leads_, reached_;
  std::vector<std::size_t> box_of_op_;
  std::map<std::pair<std::uint32_t, Step>, std::size_t> box_of_leaf_;  ///< by node and step
  std::map<std::tuple<std::set<std::size_t>, bool>, std::size_t>
      box_of_parameters_;  ///< by readers
  Drawing drawing_;
};

Drawing Drafter::run() {
  mark();
  find_steps_to_leave_out();
  box_ops();
  box_leaves();
  connect();
  return std::move(drawing_);
}

void Drafter::mark() {
  leads_.assign(loss_ + 1, false);
  reached_.assign(loss_ + 1, false);
  leads_[loss_] = true;
  reached_[loss_] = tape_.nodes[loss_].tracked;
  for (std::uint32_t node = loss_ + 1; node-- > 0;) {
    if (!leads_[node]) continue;
    for (const std::uint32_t input : tape_.inputs(node)) {
      leads_[input] = true;
      if (reached_[node] && tape_.nodes[input].tracked) reached_[input] = true;
    }
  }
}

void Drafter::find_steps_to_leave_out() {
  std::set<std::int64_t> steps;
  for (std::uint32_t node = 0; node <= loss_; ++node)
    if (leads_[node] && !is_leaf(node))
      if (const Step step = tape_.places[tape_.nodes[node].place].step) steps.insert(*step);
  if (steps.size() <= options_.most_steps) return;
  const std::size_t before = options_.most_steps / 2;
  const std::size_t after = options_.most_steps - 1 - before;
  drawing_.first_left_out = *std::next(steps.begin(), static_cast<std::ptrdiff_t>(before));
  drawing_.last_left_out = *std::prev(steps.end(), static_cast<std::ptrdiff_t>(after + 1));
}

// Only ops that were recorded one after the other share a box. Creation order is a topological
// order, so two boxes never need each other, and the drawing has no cycle.
void Drafter::box_ops() {
  bool leaving_out = false;
  for (std::uint32_t node = 0; node <= loss_; ++node) {
    if (!leads_[node] || is_leaf(node)) continue;
    const Place& place = tape_.places[tape_.nodes[node].place];
    // What is in no step stays with the one before it.
    if (place.step) leaving_out = leaves_out(place.step);
    Box box;
    if (leaving_out) {
      box.kind = Box::Kind::left_out;
    } else {
      box.frame = {place.step, names_of(place.path)};
      if (options_.fold && !place.path.empty()) {
        box.kind = Box::Kind::module;
        if (box.frame.path.size() > options_.depth) box.frame.path.resize(options_.depth);
      }
    }
    const bool joins = box.kind != Box::Kind::op && !drawing_.boxes.empty() &&
                       drawing_.boxes.back().kind == box.kind &&
                       drawing_.boxes.back().frame == box.frame;
    if (!joins) drawing_.boxes.push_back(std::move(box));
    drawing_.boxes.back().nodes.push_back(node);
    drawing_.boxes.back().tracked = drawing_.boxes.back().tracked || reached_[node];
    box_of_op_[node] = drawing_.boxes.size() - 1;
  }
}

// A leaf that several steps read is drawn in each of them: edges across all steps would hide
// everything else.
void Drafter::box_leaves() {
  struct Read {
    std::uint32_t leaf;
    std::set<std::size_t> readers;
  };
  std::vector<Read> reads;  // in the order of operands: a weight before its bias
  std::map<std::pair<std::uint32_t, Step>, std::size_t> index;
  if (is_leaf(loss_)) reads.push_back({loss_, {}});
  for (std::uint32_t node = 0; node <= loss_; ++node) {
    if (!leads_[node]) continue;
    for (const std::uint32_t input : tape_.inputs(node)) {
      if (!is_leaf(input)) continue;
      const std::size_t reader = box_of_op_[node];
      const auto [known, fresh] =
          index.try_emplace({input, drawing_.step_of(reader)}, reads.size());
      if (fresh) reads.push_back({input, {}});
      reads[known->second].readers.insert(reader);
    }
  }
  for (const auto& [leaf, readers] : reads) {
    const auto has_it = [&, leaf = leaf](std::size_t box) {
      return is_part_of(leaf, drawing_.boxes[box]);
    };
    if (readers.empty() || !std::all_of(readers.begin(), readers.end(), has_it))
      add_leaf(leaf, readers);
    else if (tape_.nodes[leaf].leaf == Leaf::parameter)
      for (const std::size_t box : readers) drawing_.boxes[box].weights += tape_.shape(leaf).size();
  }
}

bool Drafter::is_part_of(std::uint32_t leaf, const Box& box) const {
  const Leaf kind = tape_.nodes[leaf].leaf;
  return box.kind == Box::Kind::left_out ||
         (box.kind == Box::Kind::module && (kind == Leaf::parameter || kind == Leaf::constant));
}

// It stands in the innermost frame around its readers, but data is not part of a module.
void Drafter::add_leaf(std::uint32_t node, const std::set<std::size_t>& readers) {
  const Leaf kind = tape_.nodes[node].leaf;
  Box box;
  box.kind = Box::Kind::leaf;
  box.nodes = {node};
  box.tracked = reached_[node];
  if (!readers.empty()) box.frame = drawing_.boxes[*readers.begin()].frame;
  for (const std::size_t reader : readers)
    box.frame = around(box.frame, drawing_.boxes[reader].frame);
  if (kind == Leaf::input || kind == Leaf::variable) box.frame.path.clear();
  std::size_t index = drawing_.boxes.size();
  if (kind == Leaf::parameter)
    index = box_of_parameters_.try_emplace({readers, box.tracked}, index).first->second;
  box_of_leaf_[{node, readers.empty() ? Step{} : drawing_.step_of(*readers.begin())}] = index;
  if (index == drawing_.boxes.size()) drawing_.boxes.push_back(std::move(box));
  else drawing_.boxes[index].nodes.push_back(node);
}

/// The box of what `reader` reads, `none` if it is part of the reader.
std::size_t Drafter::box_of(std::uint32_t node, std::size_t reader) const {
  if (!is_leaf(node)) return box_of_op_[node];
  const auto found = box_of_leaf_.find({node, drawing_.step_of(reader)});
  return found == box_of_leaf_.end() ? none : found->second;
}

// x * x has two edges; between boxes of several nodes one is enough.
void Drafter::connect() {
  std::set<std::pair<std::size_t, std::size_t>> seen;
  for (std::uint32_t node = 0; node <= loss_; ++node) {
    if (!leads_[node]) continue;
    for (const std::uint32_t input : tape_.inputs(node)) {
      const std::size_t to = box_of_op_[node], from = box_of(input, to);
      if (from == none || from == to) continue;
      const bool several =
          drawing_.boxes[from].nodes.size() > 1 || drawing_.boxes[to].nodes.size() > 1;
      if (several && !seen.emplace(from, to).second) continue;
      drawing_.edges.push_back({from, to, reached_[node] && reached_[input]});
    }
  }
}

}  // namespace

Drawing draw(const Recording& tape, std::uint32_t loss, const DotOptions& options) {
  return Drafter(tape, loss, options).run();
}

}  // namespace wengert::detail
