// SPDX-License-Identifier: MIT
#include "study.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "instruments.h"
#include "step_matrix.h"

namespace wengert::gradflow {

namespace {

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

/// None where the bound is not proven: there the lines would say nothing.
std::optional<Reference> reference_of(const Study& study) {
  if (study.matrices.empty() || !study.matrices.front().whole_step) return {};
  const RecurrentMatrix& W = study.matrices.front();
  if (study.states_a_loss > 1 || !(W.largest_singular > 0.0)) return {};
  Reference result;
  if (!study.saturation.uses.empty()) {
    const ActivationUse& use = study.saturation.uses.front();
    result.steepest = *std::ranges::max_element(use.largest_slope);
    result.slope = std::sqrt(mean(use.mean_square_slope));
  }
  if (!(result.slope > 0.0)) return {};
  result.log_bound = std::log(result.steepest * W.largest_singular);
  result.log_mean_field = std::log(result.slope * W.gain);
  result.log_spectral = std::log(result.slope * W.spectral_radius);
  return result;
}

}  // namespace

Study study(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses,
            const StudyOptions& options) {
  require_losses(losses);
  const Timeline timeline(tape, hs, losses, options.mask);
  Study result;
  result.title = options.title.empty() ? "Gradient flow" : options.title;
  result.steps = timeline.steps();
  result.batch = timeline.batch();
  result.width = timeline.width();
  result.longest = timeline.longest();
  if (!timeline.masked()) {
    const Standing standing = standing_of(timeline);
    result.still_sequences = standing.sequences;
    result.still_steps = standing.steps;
  }
  // Where more than the states is carried on, no graph tells a loss's own ways from the chain's.
  if (is_whole_state(timeline))
    for (const std::uint32_t loss : timeline.losses())
      result.states_a_loss = std::max(result.states_a_loss, timeline.direct_steps(loss).size());
  CreditAnalysis credit = credit_of(timeline);
  result.credit = std::move(credit.credit);
  result.flow = std::move(credit.flow);
  result.lags = std::move(credit.lags);
  result.ledger = ledger_of(timeline);
  result.saturation = saturation_of(timeline);
  result.matrices = recurrent_matrices_of(timeline, step_matrix_of(timeline, result.saturation));
  result.reference = reference_of(result);
  if (!options.inputs.empty()) result.inputs = sensitivity_of(timeline, options.inputs);
  if (options.jacobians && timeline.longest() > 1) {
    result.jacobian = singular_values_of(timeline, 40);
    result.exponents = lyapunov_of(timeline, options.top);
    result.paths = options.cells.empty()
                       ? path_split_of(timeline)
                       : path_split_of(Timeline(tape, options.cells, {}, options.mask));
  }
  return result;
}

}  // namespace wengert::gradflow
