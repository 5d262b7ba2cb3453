// SPDX-License-Identifier: MIT
// A recurrent net as a layer among others: a module from sequences to sequences, or to what is left
// of them at their ends.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "../../graph/scope.h"
#include "../../graph/tensor.h"
#include "../../graph/var.h"
#include "../../ops/layout.h"
#include "bidirectional.h"
#include "step_lists.h"
#include "unroll.h"

namespace wengert {

/// Which outputs a Recurrent gives to the next layer.
enum class Steps {
  all,   ///< [batch, T, out]
  last,  ///< [batch, out]
};

namespace detail {
/// [batch, T, ...] <-> [T, batch, ...]. Errors: ShapeError below rank 2.
Var time_first(const Var& x);
/// The mask [batch, T] as [T, batch]. Errors: ShapeError unless it has x's first two axes; those of
/// a mask that is none.
Tensor mask_time_first(const Tensor& mask, const Var& x);
template <class T>
inline constexpr bool is_bidirectional = false;
template <class F, class B>
inline constexpr bool is_bidirectional<Bidirectional<F, B>> = true;
}  // namespace detail

/// x [batch, T, in] -> [batch, T, out] or [batch, out], batches first as in Keras: a cell, a
/// Stacked, a Residual or a Bidirectional, from its own initial state, in
///
///     Sequential{Recurrent{GruCell{28, 64, rng}, Steps::last}, Linear{64, 10, rng}}
///
/// Of padded sequences it takes the mask [batch, T], by itself, within a Sequential, and from
/// `fit`, `evaluate` and `predict` of a data set that data::sequences made:
///
///     fit(net, data::sequences(series, labels), {.loss = cross_entropy});
///
/// Then each sequence gives what it gives alone, and so do the gradients. Called without a mask it
/// takes padding for steps.
template <class Module>
struct Recurrent {
  Recurrent(Module recurrent, Steps given) : cell(std::move(recurrent)), steps(given) {}

  Var operator()(const Var& x) const { return run(detail::time_first(x), {}); }
  /// `mask` [batch, T] of 0 and 1, as padded data have it. With Steps::last each sequence gives the
  /// output of its own last real step.
  Var operator()(const Var& x, const Tensor& mask) const {
    return run(detail::time_first(x), detail::mask_time_first(mask, x));
  }

  static void members(auto& self, auto&& visit) { visit("cell", self.cell); }

  Module cell;
  Steps steps;

 private:
  Var run(const Var& x, const Tensor& mask) const {
    const Scope scope(x, "cell");
    if constexpr (detail::is_bidirectional<Module>) {
      const auto both = unroll(cell, x, {.mask = mask});
      return steps == Steps::last ? both.last : stack(both.y, 1);
    } else {
      // Lists are for what has to be stacked: neither for a cell's last state, nor where the whole
      // sequence comes out in one piece.
      constexpr bool knows_sequences = requires(const Module& m) {
        m.sequence(x, initial_state(m, x));
      };
      const bool in_one_piece = knows_sequences && !mask.defined() && x.rank() == 3;
      const bool only_last = Cell<Module> && steps == Steps::last;
      const auto result = unroll(cell, x, {.mask = mask, .lists = !in_one_piece && !only_last});
      if (result.sequence.value().defined())
        return steps == Steps::last ? *hidden_of(result.last) : detail::time_first(result.sequence);
      if constexpr (Cell<Module>)
        if (steps == Steps::last) return *hidden_of(result.last);
      return steps == Steps::last ? last_output(result.y, mask) : stack(result.y, 1);
    }
  }
};

}  // namespace wengert
