// SPDX-License-Identifier: MIT
// Who is credited for what: how strongly the loss of each step depends on the hidden state of each
// step before (D1, D2, D3 of docs/vanishing_gradients.md).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "../graph/tape.h"
#include "../graph/tensor.h"
#include "../graph/var.h"

namespace wengert::gradflow {

/// ln |dL_s / dh_t| over the whole batch, for every loss s and step t; -inf where there is no path.
/// Logarithms, because these numbers leave float32 after some 60 steps and float64 after 700.
struct CreditMatrix {
  std::size_t losses = 0;
  std::size_t steps = 0;
  std::vector<double> log_norm = {};  ///< row s, column t
  /// For each loss the last step that it depends on directly: the diagonal of a loss a step.
  std::vector<std::size_t> last_step = {};
  double at(std::size_t s, std::size_t t) const { return log_norm[s * steps + t]; }
};

/// ln |dL / dh_t| of single samples, L the sum of the losses: median and 5 % and 95 % quantiles
/// over the batch, and the norm over the whole batch. A sample more than e^-450 below the largest
/// one counts as zero. With a mask medians and quantiles are over the sequences whose step is real.
struct GradientFlow {
  std::vector<double> median = {}, low = {}, high = {}, whole = {};
};

/// How the dependence falls with the distance k = s - t: medians and quartiles over s of
/// ln |dL_s/dh_{s-k}| / |dL_s/dh_s|, a straight line through the medians, and what follows. With a
/// mask each sequence's lags are counted from its own end if that comes before s: a state that
/// stands still in padding has not remembered anything.
struct LagProfile {
  std::vector<double> median = {}, low = {}, high = {};
  std::vector<std::size_t> samples = {};  ///< losses that a median is over
  double log_factor = 0.0;                ///< slope of the line: ln of the factor per step
  double late_log_factor = 0.0;           ///< the same, fitted to the second half of the lags alone
  /// Steps in which the gradient halves, ln 2 / -slope; none if it does not fall.
  std::optional<double> half_life() const;
  /// Steps in which it doubles; none if it does not grow.
  std::optional<double> doubling_time() const;
  /// The first lag from which on the median stays below `ratio`; none if it does not to the end.
  std::optional<std::size_t> horizon(double ratio) const;
};

struct CreditAnalysis {
  CreditMatrix credit;
  GradientFlow flow;
  LagProfile lags;
};

/// dL_s/dh_t for all s and t in one sweep backward in float64, whatever the net is: `hs` are the
/// hidden states [batch, ...] in order, `losses` scalars of the same tape. Memory: every value of
/// the recording in float64. `mask` [T, batch] as in unroll. Errors: as for study.
CreditAnalysis credit(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses,
                      const Tensor& mask = {});

}  // namespace wengert::gradflow
