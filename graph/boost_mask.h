// SPDX-License-Identifier: MIT
// Optional: a bipartite graph of the Boost Graph Library as a mask, for layers that connect their
// inputs and outputs as it does. Includes Boost, so no other header of ours includes it.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/property_map/property_map.hpp>

#include "tensor.h"

namespace wengert {

namespace detail {
/// Where a vertex stands among the inputs, or among the outputs.
struct Seat {
  bool input = false;
  std::size_t number = 0;
};
/// Edges as pairs of vertex indices. Errors: ValueError as connection_mask.
Tensor connection_mask(const std::vector<Seat>& seats,
                       const std::vector<std::pair<std::size_t, std::size_t>>& edges,
                       bool directed);
}  // namespace detail

/// [outputs, inputs], f32: 1 where the graph has an edge between the two, else 0.
/// `is_input(vertex)` tells the sides apart; within each, vertices are numbered in the order of
/// their vertex_index. A directed edge goes from an input to an output; parallel ones count once.
/// The graph is a VertexListGraph and EdgeListGraph with a vertex_index from 0. Errors: ValueError
/// naming an edge that does not join the sides, or if a side has no vertex.
template <class Graph, class F>
requires std::predicate<const F&, typename boost::graph_traits<Graph>::vertex_descriptor> Tensor
connection_mask(const Graph& graph, const F& is_input) {
  const auto index = get(boost::vertex_index, graph);
  std::vector<detail::Seat> seats(num_vertices(graph));
  for (auto [vertex, end] = vertices(graph); vertex != end; ++vertex)
    seats[static_cast<std::size_t>(get(index, *vertex))].input = is_input(*vertex);
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  for (detail::Seat& seat : seats) seat.number = seat.input ? inputs++ : outputs++;
  std::vector<std::pair<std::size_t, std::size_t>> list;
  for (auto [edge, end] = edges(graph); edge != end; ++edge)
    list.emplace_back(get(index, source(*edge, graph)), get(index, target(*edge, graph)));
  return detail::connection_mask(
      seats, list,
      std::is_convertible_v<typename boost::graph_traits<Graph>::directed_category,
                            boost::directed_tag>);
}

/// The same, the vertices with index below `inputs` being the inputs.
template <class Graph>
Tensor connection_mask(const Graph& graph, std::size_t inputs) {
  const auto index = get(boost::vertex_index, graph);
  return connection_mask(graph, [&](typename boost::graph_traits<Graph>::vertex_descriptor vertex) {
    return static_cast<std::size_t>(get(index, vertex)) < inputs;
  });
}

}  // namespace wengert
