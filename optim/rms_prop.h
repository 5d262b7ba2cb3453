// SPDX-License-Identifier: MIT
#pragma once

#include "optimizer.h"

namespace wengert {

/// RMSprop (Tieleman and Hinton 2012, lecture 6.5) as PyTorch writes it:
///     s <- rho s + (1 - rho) g^2;   d <- g / (sqrt(s) + epsilon)
///     w <- w - rate d
/// centred (Graves 2013), which divides by the standard deviation instead,
///     m <- rho m + (1 - rho) g;   d <- g / (sqrt(max(s - m^2, 0)) + epsilon)
/// and with momentum:
///     v <- momentum v + d;   w <- w - rate v
/// The defaults are those of Keras, which has its epsilon inside the root; PyTorch's are rate 0.01,
/// rho 0.99 and epsilon 1e-8.
class RmsProp final : public Optimizer {
 public:
  struct Options {
    double rate = 1e-3;
    double rho = 0.9;
    double epsilon = 1e-7;
    double momentum = 0.0;
    bool centred = false;
  };
  RmsProp() = default;
  /// Errors: ValueError for a negative rate, rho or momentum outside [0, 1), or an epsilon below
  /// 1.2e-38.
  explicit RmsProp(const Options& options);

  std::string_view name() const override { return "rms_prop"; }
  std::unique_ptr<Optimizer> clone() const override { return std::make_unique<RmsProp>(*this); }
  double rate() const override { return options_.rate; }
  Options& options() { return options_; }

 private:
  std::span<const std::string_view> slot_names() const override;
  template <bool centred, bool momentum>
  void run(const Step& step) const;
  void apply(const Step& step) const override;
  void check_options() const override;
  double& rate_option() override { return options_.rate; }

  Options options_;
};

}  // namespace wengert
