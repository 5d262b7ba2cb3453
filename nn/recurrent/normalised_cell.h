// SPDX-License-Identifier: MIT
// A cell whose hidden state is normalised after every step (Ba et al., "Layer normalization",
// 2016).
#pragma once

#include <cstddef>
#include <utility>

#include "../layer_norm.h"
#include "cell_state.h"

namespace wengert {

/// h_t <- LayerNorm(h_t) after each step of `cell`; other parts of its state (an LSTM's c) stay as
/// they are. Members are "cell" and "norm".
template <class InnerCell>
struct NormalisedCell {
  NormalisedCell(InnerCell inner, std::size_t n) : cell(std::move(inner)), norm(n) {}

  template <CellState State>
  State operator()(const Var& x, const State& state) const {
    State next = cell(x, state);
    bool first = true;
    for_each_part(next, [&](const std::string&, Var& part) {
      if (std::exchange(first, false)) part = norm(part);
    });
    return next;
  }
  auto initial(const Var& x) const { return cell.initial(x); }

  static void members(auto& self, auto&& visit) {
    visit("cell", self.cell);
    visit("norm", self.norm);
  }

  InnerCell cell;
  LayerNorm norm;
};

}  // namespace wengert
