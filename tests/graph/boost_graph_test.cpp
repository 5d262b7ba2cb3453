// SPDX-License-Identifier: MIT
// The tape as a Boost graph: the concepts it promises, and the edges it shows.
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include <boost/concept/assert.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/dominator_tree.hpp>
#include <boost/graph/graph_concepts.hpp>
#include <boost/graph/reverse_graph.hpp>
#include <boost/graph/topological_sort.hpp>

#include <wengert/graph/boost_graph.h>
#include <wengert/graph/tape.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/arithmetic.h>

#include "catch.h"

namespace wg = wengert;
using wg::TapeGraph;

BOOST_CONCEPT_ASSERT((boost::VertexListGraphConcept<TapeGraph>));
BOOST_CONCEPT_ASSERT((boost::EdgeListGraphConcept<TapeGraph>));
BOOST_CONCEPT_ASSERT((boost::IncidenceGraphConcept<TapeGraph>));
BOOST_CONCEPT_ASSERT((boost::BidirectionalGraphConcept<TapeGraph>));
BOOST_CONCEPT_ASSERT((boost::ReadablePropertyGraphConcept<TapeGraph, std::uint32_t,  //
                                                          boost::vertex_index_t>));

namespace {

using Ends = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

template <class Range>
Ends ends(const Range& range, const TapeGraph& graph) {
  Ends result;
  for (auto edge = range.first; edge != range.second; ++edge)
    result.emplace_back(source(*edge, graph), target(*edge, graph));
  return result;
}

/// 0: x, 1: tanh(x), 2: x * tanh(x), 3: that squared by multiplication.
struct Small {
  wg::Tape tape;
  wg::Var x = tape.variable(wg::ones({2}));
  wg::Var y = wg::tanh(x);
  wg::Var z = x * y;
  wg::Var loss = z * z;
};

}  // namespace

TEST_CASE("a tape graph has the tape's nodes and an edge for every operand", "[boost_graph]") {
  const Small small;
  const TapeGraph graph(small.tape);
  CHECK(num_vertices(graph) == 4);
  CHECK(num_edges(graph) == 5);
  CHECK(std::vector<std::uint32_t>(vertices(graph).first, vertices(graph).second) ==
        std::vector<std::uint32_t>{0, 1, 2, 3});
  CHECK(ends(edges(graph), graph) == Ends{{0, 1}, {0, 2}, {1, 2}, {2, 3}, {2, 3}});
}

TEST_CASE("edges lead from an input to its readers and back", "[boost_graph]") {
  const Small small;
  const TapeGraph graph(small.tape);
  CHECK(ends(out_edges(0U, graph), graph) == Ends{{0, 1}, {0, 2}});
  CHECK(ends(in_edges(2U, graph), graph) == Ends{{0, 2}, {1, 2}});
  CHECK(ends(in_edges(0U, graph), graph).empty());
  CHECK(ends(out_edges(3U, graph), graph).empty());
  CHECK(out_degree(2U, graph) == 2);
  CHECK(in_degree(3U, graph) == 2);
  CHECK(degree(2U, graph) == 4);
}

TEST_CASE("a node read twice by another has two edges to it that differ in operand",
          "[boost_graph]") {
  const Small small;
  const TapeGraph graph(small.tape);
  const auto [first, last] = out_edges(2U, graph);
  REQUIRE(last - first == 2);
  CHECK(first[0].operand == 0);
  CHECK(first[1].operand == 1);
  CHECK(first[0] != first[1]);
  CHECK(*in_edges(3U, graph).first == first[0]);
}

TEST_CASE("a tape graph shows the nodes that were there when it was made", "[boost_graph]") {
  Small small;
  const TapeGraph graph(small.tape);
  const wg::Var later = wg::tanh(small.loss);
  CHECK(num_vertices(graph) == 4);
  CHECK(out_degree(3U, graph) == 0);
  CHECK(num_vertices(TapeGraph(small.tape)) == 5);
}

TEST_CASE("an empty tape is an empty graph", "[boost_graph]") {
  const wg::Tape tape;
  const TapeGraph graph(tape);
  CHECK(num_vertices(graph) == 0);
  CHECK(num_edges(graph) == 0);
  CHECK(vertices(graph).first == vertices(graph).second);
}

TEST_CASE("Boost's algorithms run on a tape", "[boost_graph]") {
  const Small small;
  const TapeGraph graph(small.tape);

  std::vector<std::size_t> steps(num_vertices(graph));
  boost::breadth_first_search(graph, 0,
                              boost::visitor(boost::make_bfs_visitor(
                                  boost::record_distances(steps.data(), boost::on_tree_edge()))));
  CHECK(steps == std::vector<std::size_t>{0, 1, 1, 2});

  std::vector<std::uint32_t> order;
  boost::topological_sort(graph, std::back_inserter(order));
  CHECK(order == std::vector<std::uint32_t>{3, 2, 1, 0});

  std::vector<std::uint32_t> dominator(num_vertices(graph), TapeGraph::null_vertex());
  const auto backward = boost::make_reverse_graph(graph);
  boost::lengauer_tarjan_dominator_tree(backward, 3U, dominator.data());
  CHECK(dominator == std::vector<std::uint32_t>{2, 2, 3, TapeGraph::null_vertex()});
}
