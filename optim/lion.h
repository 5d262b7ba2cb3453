// SPDX-License-Identifier: MIT
#pragma once

#include "optimizer.h"

namespace wengert {

/// Lion (Chen et al. 2023, algorithm 2): every weight moves by the rate, and only the direction is
/// asked of the gradient,
///     w <- w - rate (sign(beta1 m + (1 - beta1) g) + decay w);   m <- beta2 m + (1 - beta2) g
/// with sign(0) = 0. Its authors use a rate 3 to 10 times smaller and a decay 3 to 10 times larger
/// than for AdamW.
class Lion final : public Optimizer {
 public:
  struct Options {
    double rate = 1e-4;
    double beta1 = 0.9;
    double beta2 = 0.99;
    double decay = 0.0;  ///< decoupled, where a group does not set its own
  };
  Lion() = default;
  /// Errors: ValueError for a negative rate or decay, or a beta outside [0, 1).
  explicit Lion(const Options& options);

  std::string_view name() const override { return "lion"; }
  std::unique_ptr<Optimizer> clone() const override { return std::make_unique<Lion>(*this); }
  double rate() const override { return options_.rate; }
  Options& options() { return options_; }

 private:
  std::span<const std::string_view> slot_names() const override;
  ParameterGroup defaults() const override { return {.decay = options_.decay}; }
  void apply(const Step& step) const override;
  void check_options() const override;
  double& rate_option() override { return options_.rate; }

  Options options_;
};

}  // namespace wengert
