// SPDX-License-Identifier: MIT
#pragma once

#include "optimizer.h"

namespace wengert {

/// Adagrad (Duchi, Hazan and Singer 2011), its diagonal form: each weight's rate falls with the sum
/// of its squared gradients,
///     s <- s + g^2;   w <- w - rate g / (sqrt(initial + s) + epsilon)
/// PyTorch's with initial 0, Keras' with initial 0.1 and its epsilon of 1e-7 inside the root.
class Adagrad final : public Optimizer {
 public:
  struct Options {
    double rate = 0.01;
    double initial = 0.0;  ///< what the sum of squares starts from
    double epsilon = 1e-10;
  };
  Adagrad() = default;
  /// Errors: ValueError for a negative rate or initial sum, or an epsilon below 1.2e-38.
  explicit Adagrad(const Options& options);

  std::string_view name() const override { return "adagrad"; }
  std::unique_ptr<Optimizer> clone() const override { return std::make_unique<Adagrad>(*this); }
  double rate() const override { return options_.rate; }
  Options& options() { return options_; }

 private:
  std::span<const std::string_view> slot_names() const override;
  void apply(const Step& step) const override;
  void check_options() const override;
  double& rate_option() override { return options_.rate; }

  Options options_;
};

}  // namespace wengert
