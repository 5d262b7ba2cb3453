// SPDX-License-Identifier: MIT
#include "boost_mask.h"

#include <algorithm>

#include <fmt/format.h>

#include "error.h"

namespace wengert::detail {

Tensor connection_mask(const std::vector<Seat>& seats,
                       const std::vector<std::pair<std::size_t, std::size_t>>& edges,
                       bool directed) {
  const auto inputs = static_cast<std::size_t>(
      std::count_if(seats.begin(), seats.end(), [](const Seat& seat) { return seat.input; }));
  const std::size_t outputs = seats.size() - inputs;
  if (inputs == 0 || outputs == 0)
    throw ValueError(fmt::format("connection_mask: a side has no vertex: {} inputs and {} outputs",
                                 inputs, outputs));
  Tensor mask = zeros({outputs, inputs});
  const auto values = mask.mutable_data<float>();
  for (auto [from, to] : edges) {
    if (seats[from].input == seats[to].input)
      throw ValueError(
          fmt::format("connection_mask: edge {} - {} joins two {}; the graph is not "
                      "bipartite between these sides",
                      from, to, seats[from].input ? "inputs" : "outputs"));
    if (directed && seats[to].input)
      throw ValueError(fmt::format(
          "connection_mask: edge {} -> {} leads from an output to an input; is it reversed?", from,
          to));
    if (seats[to].input) std::swap(from, to);
    values[seats[to].number * inputs + seats[from].number] = 1.0F;
  }
  return mask;
}

}  // namespace wengert::detail
