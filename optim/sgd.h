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
    double decay = 0.0;  ///< L2 penalty, where a group does not set its own
  };
  Sgd() = default;
  /// Errors: ValueError for a negative rate, a momentum outside [0, 1), a negative decay, or
  /// Nesterov without momentum.
  explicit Sgd(const Options& options);

  std::string_view name() const override { return "sgd"; }
  std::unique_ptr<Optimizer> clone() const override { return std::make_unique<Sgd>(*this); }
  double rate() const override { return options_.rate; }
  Options& options() { return options_; }

 private:
  std::span<const std::string_view> slot_names() const override;
  void apply(const Step& step) const override;
  ParameterGroup defaults() const override { return {.l2 = options_.decay}; }
  void check_options() const override;
  double& rate_option() override { return options_.rate; }

  Options options_;
};

}  // namespace wengert
