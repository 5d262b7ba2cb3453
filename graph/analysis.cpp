// SPDX-License-Identifier: MIT
// Creation order is a topological order, so most questions are one loop over the nodes. Boost
// answers those that are not: paths and articulation points. Its dominator tree is not used:
// lengauer_tarjan_dominator_tree recurses as deep as the graph is long, makes a deque of half a
// kilobyte for every node, and takes nodes without a path for the entry (boostorg/graph #97). A
// test compares ours with it.
#include "analysis.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include <boost/graph/biconnected_components.hpp>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/dag_shortest_paths.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <boost/graph/reverse_graph.hpp>
#include <boost/property_map/property_map.hpp>
#include <fmt/format.h>

#include "analysis_nodes.h"
#include "boost_graph.h"
#include "recording.h"

namespace wengert {

using detail::described;
using detail::leading_to;
using detail::Leaf;
using detail::Node;
using detail::node_of;
using detail::reached_from;
using detail::Recording;

namespace {

constexpr std::uint32_t none = Recording::none;

/// Where the way on from a node ends.
struct End {
  std::uint32_t last;
  std::uint32_t reader = none;
};

/// An end that says why nothing arrives (an op without derivative) is better than one in a by-path,
/// and a later one better than an earlier one.
bool better(const End& a, const End& b) {
  if ((a.reader != none) != (b.reader != none)) return a.reader != none;
  return a.last > b.last;
}

std::vector<End> ends(const Recording& recording, std::uint32_t loss) {
  const std::vector<bool> leads = leading_to(recording, loss);
  std::vector<End> result(recording.size());
  for (std::uint32_t node = 0; node < recording.size(); ++node) result[node] = {node};
  for (std::uint32_t node = recording.size(); node-- > 0;) {
    const bool goes_on = recording.nodes[node].tracked;
    if (!goes_on && !(node <= loss && leads[node])) continue;
    for (const std::uint32_t input : recording.inputs(node)) {
      const End end = goes_on ? result[node] : End{input, node};
      if (better(end, result[input])) result[input] = end;
    }
  }
  return result;
}

std::string reason(const Recording& recording, const std::string& name, std::uint32_t node,
                   const End& end) {
  const std::string last = recording.described(end.last);
  if (end.reader != none)
    return fmt::format("'{}' gets no gradient: {} is read by {}, which is not differentiable", name,
                       last, recording.described(end.reader));
  if (end.last == node)
    return fmt::format("'{}' gets no gradient: nothing that leads to the loss reads it", name);
  return fmt::format(
      "'{}' gets no gradient: the way from it ends in {}, which nothing that leads to the loss "
      "reads; was its .value() used instead?",
      name, last);
}

}  // namespace

std::vector<UnreachableParameter> unreachable_parameters(const Tape& tape, const Var& loss) {
  const Recording& recording = tape.recording();
  const std::uint32_t root = node_of("unreachable_parameters", tape, loss);
  const std::vector<bool> reached = reached_from(recording, root);
  std::vector<UnreachableParameter> result;
  std::vector<End> last;
  for (const detail::ParameterLeaf& parameter : recording.parameters) {
    if (parameter.node <= root && reached[parameter.node]) continue;
    if (last.empty()) last = ends(recording, root);
    const End& end = last[parameter.node];
    const std::string name = recording.parameter_name(parameter.node);
    result.push_back({name, parameter.node, described(recording, end.last), end.reader,
                      reason(recording, name, parameter.node, end)});
  }
  return result;
}

namespace {

struct CarriesGradient {
  const TapeGraph* graph = nullptr;
  bool operator()(TapeGraph::Edge edge) const {
    const auto& nodes = graph->recording().nodes;
    return nodes[edge.target].tracked && nodes[source(edge, *graph)].tracked;
  }
};

/// The path of least total weight if each edge weighs `weight`: 1 for the shortest path, -1 for the
/// longest.
GradientPath gradient_path(const Tape& tape, std::uint32_t loss, std::uint32_t leaf,
                           std::int64_t weight) {
  const Recording& recording = tape.recording();
  GradientPath path;
  if (!recording.nodes[loss].tracked || leaf > loss) return path;
  if (leaf != loss && !reached_from(recording, loss)[leaf]) return path;

  const TapeGraph graph(tape);
  const boost::filtered_graph<TapeGraph, CarriesGradient> carrying(graph, CarriesGradient{&graph});
  const auto backward = boost::make_reverse_graph(carrying);
  using Edge = boost::graph_traits<decltype(backward)>::edge_descriptor;
  std::vector<std::int64_t> distance(num_vertices(graph));
  std::vector<std::uint32_t> reader(num_vertices(graph));
  boost::dag_shortest_paths(backward, loss,
                            boost::distance_map(distance.data())
                                .predecessor_map(reader.data())
                                .weight_map(boost::make_static_property_map<Edge>(weight)));

  for (std::uint32_t node = leaf; node != loss; node = reader[node])
    path.nodes.push_back(described(recording, node));
  path.ops = path.nodes.size();
  path.nodes.push_back(described(recording, loss));
  std::reverse(path.nodes.begin(), path.nodes.end());
  return path;
}

template <class Target>
GradientPath gradient_path(const char* op, const Tape& tape, const Var& loss, const Target& leaf,
                           std::int64_t weight) {
  const std::uint32_t root = node_of(op, tape, loss);
  return gradient_path(tape, root, node_of(op, tape, leaf), weight);
}

}  // namespace

GradientPath shortest_gradient_path(const Tape& tape, const Var& loss, const Var& leaf) {
  return gradient_path("shortest_gradient_path", tape, loss, leaf, 1);
}
GradientPath shortest_gradient_path(const Tape& tape, const Var& loss, const Parameter& leaf) {
  return gradient_path("shortest_gradient_path", tape, loss, leaf, 1);
}
GradientPath longest_gradient_path(const Tape& tape, const Var& loss, const Var& leaf) {
  return gradient_path("longest_gradient_path", tape, loss, leaf, -1);
}
GradientPath longest_gradient_path(const Tape& tape, const Var& loss, const Parameter& leaf) {
  return gradient_path("longest_gradient_path", tape, loss, leaf, -1);
}

namespace {

/// A tree that grows at its leaves and finds the nearest common ancestor in O(log size). Each node
/// has, besides its parent, one ancestor further up to jump to (Myers 1983, "An applicative
/// random-access stack").
class AncestorTree {
 public:
  AncestorTree(std::uint32_t size, std::uint32_t root)
      : parent_(size, none), jump_(size, none), depth_(size, 0) {
    jump_[root] = root;
  }

  void hang(std::uint32_t node, std::uint32_t parent) {
    const std::uint32_t jump = jump_[parent];
    const bool even = depth_[parent] - depth_[jump] == depth_[jump] - depth_[jump_[jump]];
    parent_[node] = parent;
    jump_[node] = even ? jump_[jump] : parent;
    depth_[node] = depth_[parent] + 1;
  }

  std::uint32_t common_ancestor(std::uint32_t a, std::uint32_t b) const {
    if (depth_[a] < depth_[b]) std::swap(a, b);
    while (depth_[a] > depth_[b]) a = depth_[jump_[a]] >= depth_[b] ? jump_[a] : parent_[a];
    while (a != b) {
      const bool far = jump_[a] != jump_[b];
      a = far ? jump_[a] : parent_[a];
      b = far ? jump_[b] : parent_[b];
    }
    return a;
  }

  std::uint32_t parent(std::uint32_t node) const { return parent_[node]; }

 private:
  std::vector<std::uint32_t> parent_, jump_, depth_;
};

}  // namespace

// Counting down, a node comes after all its readers: what dominates them all dominates it.
Dominators dominators(const Tape& tape, const Var& loss) {
  const Recording& recording = tape.recording();
  const std::uint32_t root = node_of("dominators", tape, loss);
  const std::vector<bool> reached = reached_from(recording, root);
  Dominators result;
  result.immediate.assign(root + 1, none);
  AncestorTree tree(root + 1, root);
  std::uint32_t common = none;
  for (std::uint32_t node = root + 1; node-- > 0;) {
    if (!reached[node]) continue;
    if (node != root) tree.hang(node, result.immediate[node]);
    bool is_end = true;
    for (const std::uint32_t input : recording.inputs(node)) {
      if (!reached[input]) continue;
      is_end = false;
      std::uint32_t& above = result.immediate[input];
      above = above == none ? node : tree.common_ancestor(above, node);
    }
    if (is_end) common = common == none ? node : tree.common_ancestor(common, node);
  }
  for (; common != none; common = tree.parent(common))
    result.common.push_back(described(recording, common));
  std::reverse(result.common.begin(), result.common.end());
  return result;
}

// Boost's depth-first search keeps its own stack, so a long chain does no harm. It wants each edge
// from both of its ends, which a tape does not have: this makes a graph of them.
std::vector<DescribedNode> articulation_points(const Tape& tape, const Var& loss) {
  const Recording& recording = tape.recording();
  const std::uint32_t root = node_of("articulation_points", tape, loss);
  const std::vector<bool> reached = reached_from(recording, root);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  for (std::uint32_t node = 0; node <= root; ++node) {
    if (!reached[node]) continue;
    for (const std::uint32_t input : recording.inputs(node)) {
      if (!reached[input] || recording.nodes[input].leaf != Leaf::no) continue;
      edges.emplace_back(node, input);
      edges.emplace_back(input, node);
    }
  }
  using Undirected =
      boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, boost::no_property,
                                         boost::no_property, std::uint32_t, std::size_t>;
  const Undirected graph(boost::edges_are_unsorted_multi_pass, edges.begin(), edges.end(),
                         root + 1);
  std::vector<std::uint32_t> points;
  boost::articulation_points(graph, std::back_inserter(points));
  std::sort(points.begin(), points.end());

  std::vector<DescribedNode> result;
  for (const std::uint32_t node : points)
    if (node != root) result.push_back(described(recording, node));
  return result;
}

}  // namespace wengert
