// SPDX-License-Identifier: MIT
// A loss as a value, for options such as `{.loss = wg::mse}`: a function of loss.h, a lambda, or
// either with a name. The formulas are in loss.h.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "loss.h"

namespace wengert {

class Loss;

/// Takes (prediction, target) or (prediction, target, weighting) and returns the loss.
template <class F>
concept LossLike = !std::same_as<F, Loss> &&
                   (std::is_invocable_r_v<Var, const F&, const Var&, const Var&> ||
                    std::is_invocable_r_v<Var, const F&, const Var&, const Var&, const Weighting&>);

/// Calls the same as the function it was made from. It knows its name: "mse" for wengert::mse and
/// so on, "custom" for a lambda without one.
class Loss {
 public:
  using Function = Var(const Var& prediction, const Var& target, const Weighting& weighting);

  Loss(Function* function);  // NOLINT(google-explicit-constructor)
  template <LossLike F>
  Loss(F f) : Loss("custom", std::move(f)) {}  // NOLINT(google-explicit-constructor)
  template <LossLike F>
  Loss(std::string name, F f) : name_(std::move(name)) {
    if constexpr (std::is_invocable_v<const F&, const Var&, const Var&, const Weighting&>) {
      call_ = std::move(f);
    } else {
      call_ = [given = std::move(f), own = name_](const Var& prediction, const Var& target,
                                                  const Weighting& weighting) -> Var {
        require_plain(own, weighting);
        return given(prediction, target);
      };
    }
  }

  /// Errors: what the function throws; ValueError if there are weights, a mask or a reduction other
  /// than the mean and the function takes no Weighting.
  Var operator()(const Var& prediction, const Var& target, const Weighting& weighting = {}) const {
    return call_(prediction, target, weighting);
  }
  const std::string& name() const { return name_; }
  /// The function of loss.h (or of the user's) that it was made from; null for a lambda.
  Function* function() const { return function_; }
  /// Whether Reduction::none surely gives the losses one by one, [n, ...]: of the library's own. A
  /// function of the user's may do so too, but only its mean is relied on.
  bool gives_each() const { return gives_each_; }

 private:
  friend Loss huber_with(double delta);
  static void require_plain(const std::string& name, const Weighting& weighting);

  std::string name_;
  std::function<Function> call_;
  Function* function_ = nullptr;
  bool gives_each_ = false;
};

/// All losses of loss.h.
const std::vector<Loss>& all_losses();

/// Huber's loss that bends at |y - t| = delta: (y - t)^2 / 2 below, delta (|y - t| - delta / 2)
/// above. Errors: ValueError unless delta > 0.
Loss huber_with(double delta);

}  // namespace wengert
