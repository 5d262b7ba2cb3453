// SPDX-License-Identifier: MIT
#pragma once

#include "optimizer.h"

namespace wengert {

/// Adam (Kingma and Ba 2015, algorithm 1), t the number of the step from 1:
///     m <- beta1 m + (1 - beta1) g;   v <- beta2 v + (1 - beta2) g^2
///     w <- w - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
class Adam final : public Optimizer {
 public:
  struct Options {
    double rate = 1e-3;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
  };
  Adam() = default;
  /// Errors: ValueError for a negative rate or epsilon, or a beta outside [0, 1).
  explicit Adam(const Options& options);

  std::string_view name() const override { return "adam"; }
  Options& options() { return options_; }

 private:
  std::size_t slot_count() const override { return 2; }
  void apply(const Step& step) const override;

  Options options_;
};

}  // namespace wengert
