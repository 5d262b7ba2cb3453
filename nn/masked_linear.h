// SPDX-License-Identifier: MIT
// The sparsely connected layer: a Linear whose mask says which input reaches which output.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "../graph/buffer.h"
#include "../graph/parameter.h"
#include "../graph/rng.h"
#include "../graph/var.h"
#include "infer.h"
#include "init.h"

namespace wengert {

/// y = x (mask W)^T + b: x [..., in] -> [..., out]. Masked weights are exactly zero from the start
/// and stay so: no gradient reaches them, and what a file holds in their place is not loaded. The
/// initialiser sees what is active: the number of inputs of each output as fan-in, the mean number
/// of outputs of an input as fan-out. With everything active it is a Linear, bit for bit. The mask
/// is saved as "mask" [out, in] beside PyTorch's "weight" and "bias". Memory and time are those of
/// the full matrix.
struct MaskedLinear {
  struct Options {
    bool bias = true;
    init::Initializer weight = init::glorot_uniform;
  };

  /// `active` [out, in] of zeros and ones, in any dtype; graph/boost_mask.h makes it of a
  /// graph. Errors: ShapeError unless it has two axes and elements; ValueError for other values.
  MaskedLinear(const Tensor& active, Rng& rng) : MaskedLinear(active, rng, Options{}) {}
  MaskedLinear(const Tensor& active, Rng& rng, const Options& options);
  /// random_mask(in, out, density, rng).
  MaskedLinear(std::size_t in, std::size_t out, double density, Rng& rng)
      : MaskedLinear(in, out, density, rng, Options{}) {}
  MaskedLinear(std::size_t in, std::size_t out, double density, Rng& rng, const Options& options);
  /// The first batch tells `in`; see Linear.
  MaskedLinear(Infer, std::size_t out, double density, Rng& rng)
      : MaskedLinear(infer, out, density, rng, Options{}) {}
  MaskedLinear(Infer, std::size_t out, double density, Rng& rng, const Options& options);

  Var operator()(const Var& x) const;
  bool has_bias() const { return bias.id() != 0; }
  std::size_t active_weights() const;

  static void members(auto& self, auto&& visit) {
    visit("weight", self.weight);
    if (self.has_bias()) visit("bias", self.bias);
    visit("mask", self.mask);
  }
  /// What is wrong with the mask among `values`, under this layer's path; empty if nothing is.
  static std::string find_problem(const std::string& path,
                                  const std::map<std::string, Tensor>& values,
                                  const std::string& from);
  /// Clears what was loaded for masked weights.
  void state_loaded();

  mutable Parameter weight;  ///< mutable, as the mask, for its first batch only
  Parameter bias;
  mutable Buffer mask;

 private:
  void fill(const Tensor& active, const init::Initializer& initializer, Rng& rng) const;
  void make_weight(const Var& x) const;

  double density_ = 1.0;
  mutable std::optional<detail::Pending> pending_;
};

/// A mask [out, in] with round(density in out) ones in random places, but at least one for every
/// output. Errors: ValueError if density is outside (0, 1], or there are no inputs or outputs.
Tensor random_mask(std::size_t in, std::size_t out, double density, Rng& rng);

}  // namespace wengert
