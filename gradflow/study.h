// SPDX-License-Identifier: MIT
// Where the gradient of an unrolled net goes: all instruments at once, the verdict in words, and
// the page that shows them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "../graph/tape.h"
#include "../graph/tensor.h"
#include "../graph/var.h"
#include "credit.h"
#include "jacobians.h"
#include "ledger.h"
#include "recurrent_matrix.h"
#include "saturation.h"
#include "sensitivity.h"

namespace wengert::gradflow {

struct StudyOptions {
  std::vector<Var> inputs = {};  ///< x_t, for the sensitivity to inputs
  std::vector<Var> cells = {};   ///< c_t of an LSTM: its direct path is theirs, not that of h_t
  /// Also what takes a row for each hidden unit: singular values, exponents, direct path. About n
  /// times the time of a backward pass.
  bool jacobians = true;
  std::string title = {};  ///< of the report; by default "Gradient flow"
  /// [T, batch] as in unroll, of a padded batch: lags, flow, activations and Jacobians are then
  /// those of the real steps. Without it the padding, in which states stand still, counts as
  /// memory.
  Tensor mask = {};
  std::size_t top = 0;  ///< Lyapunov exponents of so many leading directions alone; 0: of all
};

/// Three predictions of the mean factor a step by which |dL_s/dh_t| changes with s - t; natural
/// logarithms. Given only where the first is proven for the net at hand: h_t = phi(W h_{t-1} + c_t)
/// with one W in all steps and samples (matrices.front(), measured from the recording whatever W is
/// computed from; up to 1024 elements a state), phi the one activation or none, and losses each of
/// one state.
struct Reference {
  double log_bound = 0.0;  ///< ln(gamma sigma_max): no |dL_s/dh_t| is above it, lag by lag
  double log_mean_field =
      0.0;                    ///< ln(|W|_F / sqrt(n) sqrt(mean phi'^2)): random matrices, wide nets
  double log_spectral = 0.0;  ///< ln(rho sqrt(mean phi'^2)): what a linear net tends to
  double steepest = 1.0;      ///< gamma = max |phi'| as it occurred
  double slope = 1.0;         ///< sqrt(mean phi'^2) as it occurred
};

/// One clause of a verdict: what is said, and the number it rests on.
struct Finding {
  enum class Kind { rate, horizon, underflow, caution, reason, saturation, path, cure };
  Kind kind;
  std::string text;
  double number;
};

struct Study {
  std::string title = {};
  std::size_t steps = 0, batch = 0, width = 0;
  std::size_t longest = 0;  ///< real steps of the longest sequence; `steps` without a mask
  /// States of a batch without a mask that stand still to the end, as padding makes them.
  std::size_t still_sequences = 0;
  std::size_t still_steps = 0;  ///< the most steps that one of them stands still for
  /// The most states that one loss reads itself, 1 for a loss a step: with more, its lags are
  /// counted from the last of them.
  std::size_t states_a_loss = 1;
  CreditMatrix credit;
  GradientFlow flow;
  LagProfile lags;
  Ledger ledger;
  Saturation saturation;
  /// By which states are multiplied in two steps or more; first the one that is the whole step.
  std::vector<RecurrentMatrix> matrices = {};
  std::optional<Reference> reference = {};
  std::vector<SingularValues> jacobian = {};
  std::optional<LyapunovSpectrum> exponents = {};
  std::optional<PathSplit> paths = {};
  std::optional<Sensitivity> inputs = {};

  /// What the numbers say, in the order of the verdict.
  std::vector<Finding> findings() const;
  /// The same as one paragraph: "the gradient halves every 2.9 steps; ...".
  std::string verdict() const;
  /// Writes one HTML page and beside it the folder `<name>_files` with every figure as .svg, .csv
  /// and gnuplot script. Errors: FileError.
  void report(const std::string& path) const;
};

/// Examines a net that was unrolled on `tape`: `hs` its hidden states [batch, ...] in the order of
/// time, `losses` one scalar a step, or one in all. Nothing is changed. Runs in float64 whatever
/// the net was recorded in; holds every value of the recording. Errors: ValueError for empty lists,
/// states out of order or of several shapes, a value that is NaN (naming step and op), states that
/// are slices of one fused op; TapeError if a state is not on the tape or not on the way to any
/// loss; ShapeError if a loss is no scalar or the mask not [T, batch].
Study study(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses,
            const StudyOptions& options = {});
inline Study study(const Tape& tape, std::span<const Var> hs, const Var& loss,
                   const StudyOptions& options = {}) {
  return study(tape, hs, std::span(&loss, 1), options);
}

}  // namespace wengert::gradflow
