// SPDX-License-Identifier: MIT
// The gradient's way through time, looked at while a net trains.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../gradflow/credit.h"
#include "../graph/tape.h"
#include "../graph/tensor.h"
#include "../graph/var.h"
#include "fit.h"

namespace wengert {

/// A net that was unrolled for the watch, step by step (`.fused = false`).
struct Unrolling {
  std::vector<Var> h;  ///< hidden states [batch, ...] in the order of time
  Var loss = {};       ///< what is trained by; without it the sum of `losses`
  /// Scalars, each of one step (of padded sequences: of their own ends). Needed for a rate if
  /// `loss` reads more than one state: what arrives at a state is then a sum over losses near and
  /// far.
  std::vector<Var> losses = {};
  Tensor mask = {};  ///< [T, batch] as in `unroll`: distances count from each sequence's own end
};

struct GradientWatchOptions {
  std::int64_t every = 0;  ///< steps between two looks; 0: as often as `share` allows
  double share = 0.04;     ///< of the training's time that looking may take
};

/// What was seen at one step of a training.
struct GradientLook {
  std::int64_t step = 0;
  /// ln |dL/dh_t|, in the tape's own precision; empty if a value or gradient is not finite.
  gradflow::GradientFlow flow = {};
  std::size_t read = 0;  ///< hidden states that the loss reads itself, not through later ones
  /// Entry k: ln of what is left k steps back, |dL_s/dh_{s-k}| / |dL_s/dh_s|, median over the
  /// losses (at most 8 of them, the last one too) and, under a mask, over sequences; -inf for less
  /// than the dtype's smallest normal number. Empty for a loss that reads several states.
  std::vector<double> lags = {};
  /// Slope of a straight line through the finite ones, per step back; none if there are not two.
  std::optional<double> log_factor = {};
  /// Share of the elements of activations on the way from state to state (of an LSTM or GRU: its
  /// gates too) at which |phi'| < 0.05, padding left out; none if there are none.
  std::optional<double> saturated = {};
  std::string trouble = {};  ///< which value or gradient is not finite, with its time step and op
  double seconds = 0.0;      ///< that the look took
};

/// Runs `probe` on a tape of its own now and then, on a batch that the probe keeps, and notes how
/// |dL/dh_t| falls from the step of a loss to the first. What fit records anyway (norms, updates,
/// shares of zeros a parameter, clipping) is in its History.
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
  /// Looks now. Errors: ValueError for no states, no loss, a mask that is none, or states that are
  /// slices of one fused op; TapeError if a state leads to no loss.
  const GradientLook& look(std::int64_t step);
  const std::vector<GradientLook>& looks() const { return state_->looks; }
  /// "step 120: the gradient halves every 3.1 steps back, 12 % of activations saturated", a line a
  /// look; a rate only where the numbers show one.
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
