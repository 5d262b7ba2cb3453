// SPDX-License-Identifier: MIT
#pragma once

#include "optimizer.h"

namespace wengert {

/// Stochastic gradient descent, with momentum (Polyak 1964) as PyTorch writes it:
///     g <- g + decay w;   v <- momentum v + g;   w <- w - rate v
/// and with Nesterov's variant (Sutskever et al. 2013):
///     w <- w - rate (g + momentum v)
class Sgd final : public Optimizer {
 public:
  struct Options {
    double rate = 0.01;
    double momentum = 0.0;
    bool nesterov = false;
    double decay = 0.0;  ///< L2 penalty
  };
  Sgd() = default;
  /// Errors: ValueError for a negative rate, a momentum outside [0, 1), a negative decay, or
  /// Nesterov without momentum.
  explicit Sgd(const Options& options);

  std::string_view name() const override { return "sgd"; }
  Options& options() { return options_; }

 private:
  std::size_t slot_count() const override { return options_.momentum == 0.0 ? 0 : 1; }
  void apply(const Step& step) const override;

  Options options_;
};

}  // namespace wengert
