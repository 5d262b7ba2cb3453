// SPDX-License-Identifier: MIT
// Batch normalisation: every feature to mean 0 and variance 1 over the batch.
#pragma once

#include <cstddef>

#include "../graph/buffer.h"
#include "../graph/parameter.h"
#include "../graph/var.h"

namespace wengert {

/// y = (x - mean) / sqrt(variance + epsilon) weight + bias for every feature, the axis after the
/// batch: x [n, features, ...] (Ioffe and Szegedy, ICML 2015; torch.nn.BatchNorm1d to 3d).
///
/// On a tape that records training, mean and variance are the batch's, over all axes but the
/// features' (the variance divided by the count), and the running statistics follow,
///     running = (1 - momentum) running + momentum batch,
/// with the variance divided by the count less one. Else the running statistics are used, which
/// are buffers: saved, but not trained. Recording a tape moves them; running it again does not.
struct BatchNorm {
  struct Options {
    double epsilon = 1e-5;
    double momentum = 0.1;
    bool affine = true;  ///< with weight and bias
  };

  explicit BatchNorm(std::size_t features) : BatchNorm(features, Options{}) {}
  /// Errors: ValueError for no features, a momentum outside [0, 1], an epsilon below 0.
  BatchNorm(std::size_t features, const Options& options);

  /// Errors: ShapeError if x is not [n, features, ...]; ValueError if there is only one value a
  /// feature while training, which has no variance.
  Var operator()(const Var& x) const;
  bool is_affine() const { return weight.id() != 0; }

  static void members(auto& self, auto&& visit) {
    if (self.is_affine()) {
      visit("weight", self.weight);
      visit("bias", self.bias);
    }
    visit("running_mean", self.running_mean);
    visit("running_var", self.running_var);
    visit("num_batches_tracked", self.num_batches_tracked);
  }

  Parameter weight;
  Parameter bias;
  mutable Buffer running_mean;
  mutable Buffer running_var;
  mutable Buffer num_batches_tracked;  ///< i64 []
  double epsilon;
  double momentum;

 private:
  void follow(const Tensor& mean, const Tensor& variance, std::size_t count) const;
};

}  // namespace wengert
