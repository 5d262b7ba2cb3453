// SPDX-License-Identifier: MIT
// A vector for each of finitely many things.
#pragma once

#include <cstddef>

#include "../graph/parameter.h"
#include "../graph/rng.h"
#include "../ops/indexing.h"
#include "init.h"

namespace wengert {

/// ids i64 [...] -> [..., width]: the rows of weight [count, width] with these numbers
/// (torch.nn.Embedding). A row that comes several times gathers all its gradients. The ids have to
/// be on the tape for the weight to be (tape.input(ids)). Errors: DTypeError if ids are not i64,
/// ValueError if one is outside [0, count).
struct Embedding {
  struct Options {
    init::Initializer weight = init::normal(0.0, 1.0);
  };

  Embedding(std::size_t count, std::size_t width, Rng& rng)
      : Embedding(count, width, rng, Options{}) {}
  Embedding(std::size_t count, std::size_t width, Rng& rng, const Options& options)
      : weight(options.weight({count, width}, rng), "weight") {}

  Var operator()(const Var& ids) const { return take(weight.on(ids), ids); }

  static void members(auto& self, auto&& visit) { visit("weight", self.weight); }

  Parameter weight;
};

}  // namespace wengert
