// SPDX-License-Identifier: MIT
#include "study.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "instruments.h"

namespace wengert::gradflow {

namespace {

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

/// None for a net of several matrices or activations: there the lines would say nothing.
std::optional<Reference> reference_of(const Timeline& timeline, const Study& study) {
  if (study.matrices.size() != 1 || study.saturation.uses.size() > 1) return {};
  // h_t = phi(W h_{t-1} + ...) and nothing else: no leak beside it, no factor before it.
  const std::uint32_t last = timeline.hidden().back();
  const std::string_view op = timeline.op(last) ? timeline.op(last)->name() : "";
  const bool plain = study.saturation.uses.empty() ? op == "add" || op == "linear"
                                                   : op == study.saturation.uses.front().op;
  const std::size_t steps = timeline.steps();
  const std::vector<bool> past =
      timeline.leading_from(timeline.hidden().subspan(steps - 2, 1), true);
  if (!plain || past[last]) return {};
  Reference result;
  if (!study.saturation.uses.empty()) {
    const ActivationUse& use = study.saturation.uses.front();
    result.steepest = *std::ranges::max_element(use.largest_slope);
    result.slope = std::sqrt(mean(use.mean_square_slope));
  }
  const RecurrentMatrix& W = study.matrices.front();
  result.log_bound = std::log(result.steepest * W.largest_singular);
  result.log_mean_field = std::log(result.slope * W.gain);
  result.log_spectral = std::log(result.slope * W.spectral_radius);
  return result;
}

}  // namespace

Study study(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses,
            const StudyOptions& options) {
  require_losses(losses);
  const Timeline timeline(tape, hs, losses);
  Study result;
  result.title = options.title.empty() ? "Gradient flow" : options.title;
  result.steps = timeline.steps();
  result.batch = timeline.batch();
  result.width = timeline.width();
  CreditAnalysis credit = credit_of(timeline);
  result.credit = std::move(credit.credit);
  result.flow = std::move(credit.flow);
  result.lags = std::move(credit.lags);
  result.ledger = ledger_of(timeline);
  result.saturation = saturation_of(timeline);
  result.matrices = recurrent_matrices_of(timeline);
  result.reference = reference_of(timeline, result);
  if (!options.inputs.empty()) result.inputs = sensitivity_of(timeline, options.inputs);
  if (options.jacobians && timeline.steps() > 1) {
    result.jacobian = singular_values_of(timeline, 40);
    result.exponents = lyapunov_of(timeline);
    result.paths = options.cells.empty() ? path_split_of(timeline)
                                         : path_split_of(Timeline(tape, options.cells, {}));
  }
  return result;
}

}  // namespace wengert::gradflow
