// SPDX-License-Identifier: MIT
#pragma once

#include "optimizer.h"

namespace wengert {

/// Adam with decoupled decay (Loshchilov and Hutter 2019, algorithm 2, as PyTorch scales it):
///     w <- (1 - rate decay) w, then the step of Adam.
class AdamW final : public Optimizer {
 public:
  struct Options {
    double rate = 1e-3;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    double decay = 0.01;  ///< where a group does not set its own
    bool amsgrad = false;
  };
  AdamW() = default;
  /// Errors: as Adam's, and ValueError for a negative decay.
  explicit AdamW(const Options& options);

  std::string_view name() const override { return "adam_w"; }
  std::unique_ptr<Optimizer> clone() const override { return std::make_unique<AdamW>(*this); }
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
