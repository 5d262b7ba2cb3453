// SPDX-License-Identifier: MIT
// What an optimizer does differently for the parameters whose path matches a pattern.
#pragma once

#include <optional>

namespace wengert {

/// Penalties act on the optimizer's side: they change the step and no loss value shows them. For a
/// loss that includes its penalty, write it as a term of the loss.
struct ParameterGroup {
  /// Times the optimizer's rate.
  double rate_factor = 1.0;
  /// The gradient of l1 sum |w| is added: l1 sign(w), 0 at 0.
  double l1 = 0.0;
  /// The gradient of l2/2 sum w^2 is added: l2 w. If unset, what the optimizer's options say.
  std::optional<double> l2 = {};
  /// Decoupled decay (Loshchilov and Hutter 2019): w <- (1 - rate decay) w before the step, past
  /// any momentum or normalisation. If unset, what the optimizer's options say.
  std::optional<double> decay = {};
  /// The optimizer passes these parameters over, and they need no gradient.
  bool frozen = false;
};

}  // namespace wengert
