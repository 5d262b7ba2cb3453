// SPDX-License-Identifier: MIT
// The fully connected layer.
#pragma once

#include <optional>

#include "../graph/parameter.h"
#include "../graph/rng.h"
#include "../ops/linalg.h"
#include "infer.h"
#include "init.h"

namespace wengert {

/// y = x W^T + b: x [..., in] -> [..., out]. The weight is [out, in], as PyTorch stores it.
struct Linear {
  struct Options {
    bool bias = true;
    init::Initializer weight = init::glorot_uniform;
  };

  Linear(std::size_t in, std::size_t out, Rng& rng) : Linear(in, out, rng, Options{}) {}
  Linear(std::size_t in, std::size_t out, Rng& rng, const Options& options)
      : weight(options.weight({out, in}, rng), "weight") {
    if (options.bias) bias = Parameter(zeros({out}), "bias");
  }
  /// The first batch tells `in`. Until then there is no weight, and listing it is a ValueError.
  Linear(Infer, std::size_t out, Rng& rng) : Linear(infer, out, rng, Options{}) {}
  Linear(Infer, std::size_t out, Rng& rng, const Options& options)
      : pending_(detail::Pending{rng.split(), options.weight, out}) {
    if (options.bias) bias = Parameter(zeros({out}), "bias");
  }

  Var operator()(const Var& x) const {
    if (pending_) [[unlikely]]
      make_weight(x);
    const Var w = weight.on(x);
    return has_bias() ? linear(x, w, bias.on(x)) : linear(x, w);
  }
  bool has_bias() const { return bias.id() != 0; }

  static void members(auto& self, auto&& visit) {
    visit("weight", self.weight);
    if (self.has_bias()) visit("bias", self.bias);
  }

  mutable Parameter weight;  ///< mutable for its first batch only
  Parameter bias;

 private:
  void make_weight(const Var& x) const;

  mutable std::optional<detail::Pending> pending_;
};

}  // namespace wengert
