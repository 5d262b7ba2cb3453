// SPDX-License-Identifier: MIT
#pragma once

#include "optimizer.h"

namespace wengert {

/// Adam with Nesterov's momentum (Dozat 2016), t the number of the step from 1, psi = 0.004:
///     b_t = beta1 (1 - 0.96^(t psi) / 2);   c_t = 1 - b_1 b_2 ... b_t
///     m <- beta1 m + (1 - beta1) g;   v <- beta2 v + (1 - beta2) g^2
///     w <- w - rate (m b_(t+1) / c_(t+1) + g (1 - b_t) / c_t) / (sqrt(v / (1 - beta2^t)) +
///     epsilon)
class NAdam final : public Optimizer {
 public:
  struct Options {
    double rate = 2e-3;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
  };
  NAdam() = default;
  /// Errors: ValueError for a negative rate, a beta outside [0, 1), or an epsilon below 1.2e-38.
  explicit NAdam(const Options& options);

  std::string_view name() const override { return "nadam"; }
  std::unique_ptr<Optimizer> clone() const override { return std::make_unique<NAdam>(*this); }
  double rate() const override { return options_.rate; }
  Options& options() { return options_; }

 private:
  std::span<const std::string_view> slot_names() const override;
  std::span<const std::string_view> scalar_names() const override;
  void advance(std::span<double> scalars, std::int64_t number) const override;
  void apply(const Step& step) const override;
  void check_options() const override;
  double& rate_option() override { return options_.rate; }

  Options options_;
};

}  // namespace wengert
