// SPDX-License-Identifier: MIT
// Optional: a tape as a graph of the Boost Graph Library, without copying it. The one header that
// includes Boost, so no other header of ours includes it; what we ask of tapes ourselves is in
// analysis.h.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/iterator/iterator_facade.hpp>
#include <boost/property_map/property_map.hpp>

#include "recording.h"
#include "tape.h"

namespace wengert {

/// The data flow of a tape. Vertices are node indices, and their order is a topological order; an
/// edge goes from an input to the node that reads it. If a node reads an input twice (x * x), there
/// are two edges. Models VertexListGraph, EdgeListGraph and BidirectionalGraph.
///
/// In-edges are read off the tape; out-edges need an index of 8 bytes an edge, which the
/// constructor makes in O(nodes + edges). The view shows the nodes that are there when it is made,
/// and must not be used when the tape is gone.
///
///     wengert::TapeGraph graph(tape);
///     std::vector<std::size_t> steps(num_vertices(graph));
///     boost::breadth_first_search(
///         graph, 0, boost::visitor(boost::make_bfs_visitor(boost::record_distances(
///                       steps.data(), boost::on_tree_edge()))));
class TapeGraph {
 public:
  /// Operand number `operand` of node `target`.
  struct Edge {
    std::uint32_t target = 0;
    std::uint32_t operand = 0;
    friend auto operator<=>(const Edge&, const Edge&) = default;
  };

  /// The edges into a node, in the order of its operands.
  class InEdgeIterator
      : public boost::iterator_facade<InEdgeIterator, Edge, boost::random_access_traversal_tag,
                                      Edge, std::ptrdiff_t> {
   public:
    InEdgeIterator() = default;
    explicit InEdgeIterator(Edge edge) : edge_(edge) {}

   private:
    friend class boost::iterator_core_access;
    Edge dereference() const { return edge_; }
    bool equal(const InEdgeIterator& other) const { return edge_ == other.edge_; }
    void increment() { ++edge_.operand; }
    void decrement() { --edge_.operand; }
    void advance(std::ptrdiff_t n) { edge_.operand += static_cast<std::uint32_t>(n); }
    std::ptrdiff_t distance_to(const InEdgeIterator& other) const {
      return std::ptrdiff_t{other.edge_.operand} - std::ptrdiff_t{edge_.operand};
    }
    Edge edge_;
  };

  using vertex_descriptor = std::uint32_t;
  using edge_descriptor = Edge;
  using vertex_iterator = boost::counting_iterator<std::uint32_t>;
  using edge_iterator = std::vector<Edge>::const_iterator;
  using out_edge_iterator = std::vector<Edge>::const_iterator;
  using in_edge_iterator = InEdgeIterator;
  using vertices_size_type = std::size_t;
  using edges_size_type = std::size_t;
  using degree_size_type = std::size_t;
  using directed_category = boost::bidirectional_tag;
  using edge_parallel_category = boost::allow_parallel_edge_tag;
  struct traversal_category : virtual boost::vertex_list_graph_tag,
                              virtual boost::edge_list_graph_tag,
                              virtual boost::bidirectional_graph_tag {};

  explicit TapeGraph(const Tape& tape) : TapeGraph(tape.recording()) {}
  explicit TapeGraph(const detail::Recording& recording);

  static vertex_descriptor null_vertex() { return detail::Recording::none; }
  const detail::Recording& recording() const { return *recording_; }

  friend std::size_t num_vertices(const TapeGraph& graph) { return graph.begin_.size() - 1; }
  friend std::size_t num_edges(const TapeGraph& graph) { return graph.readers_.size(); }
  friend std::pair<vertex_iterator, vertex_iterator> vertices(const TapeGraph& graph) {
    return {vertex_iterator(0),
            vertex_iterator(static_cast<std::uint32_t>(graph.begin_.size() - 1))};
  }
  friend std::pair<edge_iterator, edge_iterator> edges(const TapeGraph& graph) {
    return {graph.readers_.begin(), graph.readers_.end()};
  }
  friend vertex_descriptor source(Edge edge, const TapeGraph& graph) {
    return graph.recording_->inputs(edge.target)[edge.operand];
  }
  friend vertex_descriptor target(Edge edge, const TapeGraph&) { return edge.target; }

  friend std::size_t out_degree(vertex_descriptor node, const TapeGraph& graph) {
    return graph.begin_[node + 1] - graph.begin_[node];
  }
  friend std::pair<out_edge_iterator, out_edge_iterator> out_edges(vertex_descriptor node,
                                                                   const TapeGraph& graph) {
    const auto first = graph.readers_.begin();
    return {first + static_cast<std::ptrdiff_t>(graph.begin_[node]),
            first + static_cast<std::ptrdiff_t>(graph.begin_[node + 1])};
  }
  friend std::size_t in_degree(vertex_descriptor node, const TapeGraph& graph) {
    return graph.recording_->nodes[node].edge_count;
  }
  friend std::pair<in_edge_iterator, in_edge_iterator> in_edges(vertex_descriptor node,
                                                                const TapeGraph& graph) {
    return {InEdgeIterator({node, 0}),
            InEdgeIterator({node, graph.recording_->nodes[node].edge_count})};
  }
  friend std::size_t degree(vertex_descriptor node, const TapeGraph& graph) {
    return in_degree(node, graph) + out_degree(node, graph);
  }

  friend boost::typed_identity_property_map<std::uint32_t> get(boost::vertex_index_t,
                                                               const TapeGraph&) {
    return {};
  }
  friend std::uint32_t get(boost::vertex_index_t, const TapeGraph&, vertex_descriptor node) {
    return node;
  }

 private:
  const detail::Recording* recording_;
  std::vector<std::size_t> begin_;  ///< where the readers of a node begin; one more at the end
  std::vector<Edge> readers_;
};

// A counting sort of the edges by the node they come from.
inline TapeGraph::TapeGraph(const detail::Recording& recording)
    : recording_(&recording), begin_(recording.nodes.size() + 1, 0) {
  const std::uint32_t size = recording.size();
  for (std::uint32_t node = 0; node < size; ++node)
    for (const std::uint32_t input : recording.inputs(node)) ++begin_[input + 1];
  for (std::uint32_t node = 0; node < size; ++node) begin_[node + 1] += begin_[node];
  readers_.resize(begin_.back());
  std::vector<std::size_t> next(begin_.begin(), begin_.end() - 1);
  for (std::uint32_t node = 0; node < size; ++node) {
    std::uint32_t operand = 0;
    for (const std::uint32_t input : recording.inputs(node))
      readers_[next[input]++] = {node, operand++};
  }
}

}  // namespace wengert

template <>
struct boost::property_map<wengert::TapeGraph, boost::vertex_index_t> {
  using type = boost::typed_identity_property_map<std::uint32_t>;
  using const_type = type;
};
