// SPDX-License-Identifier: MIT
// A multilayer perceptron whose depth and widths are known only while the program runs.
#pragma once

#include <cstddef>
#include <vector>

#include "../graph/rng.h"
#include "../graph/var.h"
#include "dropout.h"
#include "init.h"
#include "lambda.h"
#include "linear.h"

namespace wengert {

/// Mlp{{784, 512, 512, 10}, relu, rng, {.dropout = 0.2}}: fully connected layers, between them the
/// activation and dropout; nothing after the last. x [..., first width] -> [..., last width]. Its
/// parameters are "layers.0.weight", "layers.0.bias", ...
struct Mlp {
  struct Options {
    double dropout = 0.0;  ///< after each activation; see Dropout
    bool bias = true;
    init::Initializer weight = init::glorot_uniform;
  };

  Mlp(const std::vector<std::size_t>& widths, Lambda function, Rng& rng)
      : Mlp(widths, std::move(function), rng, Options{}) {}
  /// Errors: ValueError for fewer than two widths, a width of 0, a dropout outside [0, 1).
  Mlp(const std::vector<std::size_t>& widths, Lambda function, Rng& rng, const Options& options);

  Var operator()(const Var& x) const;

  static void members(auto& self, auto&& visit) {
    visit("layers", self.layers);
    if (self.dropout.rate != 0.0) visit("dropout", self.dropout);
  }

  std::vector<Linear> layers;
  Lambda activation;
  Dropout dropout;
};

}  // namespace wengert
