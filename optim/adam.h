// SPDX-License-Identifier: MIT
#pragma once

#include "optimizer.h"

namespace wengert {

/// Adam (Kingma and Ba 2015, algorithm 1), t the number of the step from 1:
///     m <- beta1 m + (1 - beta1) g;   v <- beta2 v + (1 - beta2) g^2
///     w <- w - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// and AMSGrad (Reddi, Kale and Kumar 2018), whose rates never rise again:
///     u <- max(u, v) takes the place of v in the second line.
class Adam final : public Optimizer {
 public:
  struct Options {
    double rate = 1e-3;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    bool amsgrad = false;
  };
  Adam() = default;
  /// Errors: ValueError for a negative rate, a beta outside [0, 1), or an epsilon below 1.2e-38.
  explicit Adam(const Options& options);

  std::string_view name() const override { return "adam"; }
  std::unique_ptr<Optimizer> clone() const override { return std::make_unique<Adam>(*this); }
  double rate() const override { return options_.rate; }
  Options& options() { return options_; }

 private:
  friend class AdamW;
  static void require(std::string_view name, const Options& options);
  static std::span<const std::string_view> slots(bool amsgrad);
  static void run(const Step& step, const Options& options);

  std::span<const std::string_view> slot_names() const override { return slots(options_.amsgrad); }
  void apply(const Step& step) const override { run(step, options_); }
  void check_options() const override;
  double& rate_option() override { return options_.rate; }

  Options options_;
};

}  // namespace wengert
