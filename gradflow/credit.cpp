// SPDX-License-Identifier: MIT
#include "credit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../graph/error.h"
#include "cotangent_block.h"
#include "instruments.h"
#include "quantile.h"
#include "scaled_sum.h"
#include "slope.h"
#include "timeline.h"

namespace wengert::gradflow {

namespace {

constexpr double none = -std::numeric_limits<double>::infinity();

void note_flow(const Timeline& timeline, const CotangentBlock& block, std::size_t row,
               std::size_t t, GradientFlow& flow) {
  const std::span<const double> total = block.at(timeline.hidden()[t], row);
  const std::size_t batch = timeline.batch(), width = timeline.width();
  std::vector<double> norms(batch, none);
  for (std::size_t b = 0; b < batch && !total.empty(); ++b)
    norms[b] = log_norm(total.subspan(b * width, width), block.exponent(timeline.hidden()[t], row));
  flow.median[t] = quantile(norms, 0.5);
  flow.low[t] = quantile(norms, 0.05);
  flow.high[t] = quantile(norms, 0.95);
  flow.whole[t] = block.log_norm(timeline.hidden()[t], row);
}

}  // namespace

std::optional<double> LagProfile::half_life() const {
  if (!(log_factor < 0.0)) return {};
  return std::log(2.0) / -log_factor;
}

std::optional<double> LagProfile::doubling_time() const {
  if (!(log_factor > 0.0)) return {};
  return std::log(2.0) / log_factor;
}

std::optional<std::size_t> LagProfile::horizon(double ratio) const {
  for (std::size_t k = 0; k < median.size(); ++k)
    if (median[k] < std::log(ratio)) return k;
  return {};
}

LagProfile lag_profile(const CreditMatrix& credit) {
  LagProfile result;
  for (std::size_t k = 0; k < credit.steps; ++k) {
    std::vector<double> ratios;
    for (std::size_t s = 0; s < credit.losses; ++s) {
      const std::size_t last = credit.last_step[s];
      if (last >= credit.steps || last < k || !std::isfinite(credit.at(s, last))) continue;
      ratios.push_back(credit.at(s, last - k) - credit.at(s, last));
    }
    if (ratios.empty()) break;
    result.median.push_back(quantile(ratios, 0.5));
    result.low.push_back(quantile(ratios, 0.25));
    result.high.push_back(quantile(ratios, 0.75));
    result.samples.push_back(ratios.size());
  }
  const std::span<const double> medians = result.median;
  result.log_factor = slope_of(medians);
  result.late_log_factor = slope_of(medians.subspan(medians.size() / 2));
  return result;
}

CreditAnalysis credit_of(const Timeline& timeline) {
  const std::size_t losses = timeline.losses().size(), steps = timeline.steps();
  CreditAnalysis result;
  CreditMatrix& credit = result.credit;
  credit.losses = losses;
  credit.steps = steps;
  credit.log_norm.assign(losses * steps, none);
  credit.last_step.assign(losses, steps);
  for (std::vector<double>* list :
       {&result.flow.median, &result.flow.low, &result.flow.high, &result.flow.whole})
    list->assign(steps, none);

  // One row for each loss, and one for their sum.
  CotangentBlock block(timeline, losses + 1, timeline.hidden());
  for (std::size_t s = 0; s < losses; ++s) {
    block.seed(s, timeline.losses()[s]);
    block.seed(losses, timeline.losses()[s]);
  }
  for (std::size_t segment = timeline.segments(); segment-- > 0;) {
    if (segment < steps) {
      for (std::size_t s = 0; s < losses; ++s) {
        const double norm = block.log_norm(timeline.hidden()[segment], s);
        credit.log_norm[s * steps + segment] = norm;
        if (credit.last_step[s] == steps && std::isfinite(norm)) credit.last_step[s] = segment;
      }
      note_flow(timeline, block, losses, segment, result.flow);
    }
    if (segment > 0) block.pull(segment);
  }
  result.lags = lag_profile(credit);
  return result;
}

CreditAnalysis credit(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses) {
  require_losses(losses);
  return credit_of(Timeline(tape, hs, losses));
}

void require_losses(std::span<const Var> losses) {
  if (losses.empty()) throw ValueError("gradflow: the list of losses is empty");
}
}  // namespace wengert::gradflow
