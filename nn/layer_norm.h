// SPDX-License-Identifier: MIT
// Layer normalisation: every sample to mean 0 and variance 1 over its features.
#pragma once

#include "../graph/parameter.h"
#include "../graph/shape.h"
#include "../graph/var.h"

namespace wengert {

/// y = (x - mean) / sqrt(variance + epsilon) weight + bias, mean and variance (divided by the
/// count) over the last axes: x [..., features] or [..., a, b] (Ba, Kiros and Hinton 2016;
/// torch.nn.LayerNorm). The same while training and afterwards.
struct LayerNorm {
  struct Options {
    double epsilon = 1e-5;
    bool affine = true;  ///< with weight
    bool bias = true;    ///< and with bias, if affine
  };

  explicit LayerNorm(std::size_t features) : LayerNorm(Shape{features}, Options{}) {}
  LayerNorm(std::size_t features, const Options& options) : LayerNorm(Shape{features}, options) {}
  /// The last axes to normalise over. Errors: ValueError if they have no elements or an epsilon
  /// below 0.
  explicit LayerNorm(const Shape& last_axes) : LayerNorm(last_axes, Options{}) {}
  LayerNorm(const Shape& last_axes, const Options& options);

  /// Errors: ShapeError if x does not end in these axes.
  Var operator()(const Var& x) const;

  static void members(auto& self, auto&& visit) {
    if (self.weight.id() != 0) visit("weight", self.weight);
    if (self.bias.id() != 0) visit("bias", self.bias);
  }

  Parameter weight;
  Parameter bias;
  Shape axes;
  double epsilon;
};

}  // namespace wengert
