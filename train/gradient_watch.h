// SPDX-License-Identifier: MIT
// The gradient's way through time, looked at while a net trains.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../gradflow/credit.h"
#include "../graph/tape.h"
#include "../graph/var.h"
#include "../nn/recurrent/activation.h"
#include "fit.h"

namespace wengert {

/// A net that was unrolled for the watch: its hidden states and its loss.
struct Unrolling {
  std::vector<Var> h;
  Var loss;
};

struct GradientWatchOptions {
  std::int64_t every = 0;  ///< steps between two looks; 0: as often as `share` allows
  double share = 0.04;     ///< of the training's time that looking may take
  Activation activation = Activation::tanh;  ///< of h, for the share of saturated units
};

/// What was seen at one step of a training.
struct GradientLook {
  std::int64_t step = 0;
  gradflow::GradientFlow flow;  ///< ln |dL/dh_t|, in the tape's own precision
  double log_factor = 0.0;      ///< slope of ln |dL/dh_t| per step back in time, least squares
  double saturated = 0.0;       ///< share of units with |phi'| < 0.05
  double seconds = 0.0;         ///< that the look took
};

/// Runs `probe` on a tape of its own now and then, on a batch that the probe keeps, and notes how
/// |dL/dh_t| falls from the last step to the first. What fit records anyway (norms, updates, shares
/// of zeros a parameter, clipping) is in its History.
///
///     GradientWatch watch([&](Tape& tape) {
///       const auto run = unroll(cell, tape.input(x), {.fused = false});
///       return Unrolling{run.h, mse(readout(run.last), y)};
///     });
///     fit(model, data, {.callbacks = {watch.callback()}});
class GradientWatch {
 public:
  using Probe = std::function<Unrolling(Tape&)>;
  /// Errors: ValueError if `every` is below 0 or `share` outside (0, 1].
  explicit GradientWatch(Probe probe, const GradientWatchOptions& options = {});

  /// For fit; the watch may be gone before the training ends.
  Callback callback() const;
  /// Looks now.
  const GradientLook& look(std::int64_t step);
  const std::vector<GradientLook>& looks() const { return state_->looks; }
  /// "step 120: the gradient halves every 3.1 steps back, 12 % of the units saturated", a line a
  /// look.
  std::string text() const;

 private:
  struct State {
    Probe probe;
    GradientWatchOptions options;
    std::vector<GradientLook> looks = {};
    double trained = 0.0;  ///< seconds of steps since the last look
    double last_look = 0.0;
    std::int64_t waited = 0;
    void look(std::int64_t step);
    bool due() const;
  };
  std::shared_ptr<State> state_;
};

}  // namespace wengert
