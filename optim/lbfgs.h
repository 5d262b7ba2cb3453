// SPDX-License-Identifier: MIT
// A second-order minimiser for fits: smooth losses without noise, of which all data are seen in
// every evaluation. Training by batches is for the optimizers beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "../graph/parameter.h"
#include "../graph/tape.h"
#include "parameter_list.h"

namespace wengert {

/// L-BFGS (Liu and Nocedal 1989; Nocedal and Wright 2006, algorithms 7.4 and 7.5): the direction is
/// -H g, H built from the last m changes s of the weights and y of the gradient,
///     H <- (1 - s y' / y's) H (1 - y s' / y's) + s s' / y's,   from H = (s'y / y'y) 1
/// and the step along it satisfies the strong Wolfe conditions. Every evaluation runs the loss
/// forward and backward; for digits beyond 1e-7 use a model in f64.
class Lbfgs {
 public:
  struct Options {
    std::size_t memory = 10;           ///< m: pairs that are kept
    std::int64_t iterations = 1000;    ///< at most
    double gradient_tolerance = 1e-8;  ///< of the 2-norm; reaching it is convergence
    double loss_tolerance = 0.0;  ///< of a relative decrease of the loss in one iteration; 0: none
    double decrease = 1e-4;       ///< c1 of the Wolfe conditions
    double curvature = 0.9;       ///< c2; close to 0 the line search is exact
  };
  struct Result {
    double loss = 0.0;
    double gradient_norm = 0.0;
    std::int64_t iterations = 0;
    std::int64_t evaluations = 0;
    bool converged = false;  ///< one of the two tolerances was reached
    std::string reason;      ///< why it ended, in words
  };

  Lbfgs() = default;
  /// Errors: ValueError for a memory or number of iterations of 0, a negative tolerance, or unless
  /// 0 < decrease < curvature < 1.
  explicit Lbfgs(const Options& options);

  /// Minimises `loss`, a function of a tape that returns the loss recorded on it, over the model's
  /// parameters that are not frozen, and leaves them at the best point. The loss has to be the same
  /// function each time: no batches, no dropout. Errors: ValueError if all parameters are frozen,
  /// or the loss or its gradient is not finite at the start, TapeError if a parameter got no
  /// gradient, and what `loss` throws; the parameters then are what they were before.
  template <Trainable Model, class Loss>
  Result minimize(Model& model, Loss&& loss) const {
    return minimize(std::span<Parameter* const>(parameters(model)),
                    std::function<Var(Tape&)>(std::forward<Loss>(loss)));
  }
  Result minimize(std::span<Parameter* const> parameters,
                  const std::function<Var(Tape&)>& loss) const;

  Options& options() { return options_; }

 private:
  Options options_;
};

}  // namespace wengert
