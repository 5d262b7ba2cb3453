// SPDX-License-Identifier: MIT
#pragma once

#include "optimizer.h"

namespace wengert {

/// Adadelta (Zeiler 2012, algorithm 1): the step has the length of the steps before it,
///     s <- rho s + (1 - rho) g^2
///     d <- g sqrt(u + epsilon) / sqrt(s + epsilon);   u <- rho u + (1 - rho) d^2
///     w <- w - rate d
/// Two conventions for the rate: Zeiler's method has none, which is rate 1 (the default here, and
/// PyTorch's); Keras multiplies by 0.001 unless told otherwise, a thousandth of the method's step:
/// `Adadelta{{.rate = 0.001}}` is Keras' Adadelta() of rho 0.95 and epsilon 1e-7. PyTorch's
/// defaults are rho 0.9 and epsilon 1e-6, Zeiler's experiments used 0.95 and 1e-6. The first steps
/// are rate sqrt(epsilon / (1 - rho)) long whatever the gradient, so epsilon is a rate as well.
class Adadelta final : public Optimizer {
 public:
  struct Options {
    double rate = 1.0;
    double rho = 0.95;
    double epsilon = 1e-7;
  };
  Adadelta() = default;
  /// Errors: ValueError for a negative rate, rho outside [0, 1), or an epsilon below 1.2e-38.
  explicit Adadelta(const Options& options);

  std::string_view name() const override { return "adadelta"; }
  std::unique_ptr<Optimizer> clone() const override { return std::make_unique<Adadelta>(*this); }
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
