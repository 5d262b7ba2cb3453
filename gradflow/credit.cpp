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

/// ln of the norms of a row's cotangent at step t, sample by sample; -inf for none.
std::vector<double> sample_norms(const Timeline& timeline, const CotangentBlock& block,
                                 std::size_t row, std::size_t t) {
  const std::uint32_t node = timeline.hidden()[t];
  const std::span<const double> total = block.at(node, row);
  const std::size_t batch = timeline.batch(), width = timeline.width();
  std::vector<double> norms(batch, none);
  for (std::size_t b = 0; b < batch && !total.empty(); ++b)
    norms[b] = log_norm(total.subspan(b * width, width), block.exponent(node, row));
  return norms;
}

void note_flow(const Timeline& timeline, const CotangentBlock& block, std::size_t row,
               std::size_t t, GradientFlow& flow) {
  const std::vector<double> all = sample_norms(timeline, block, row, t);
  std::vector<double> norms;
  for (std::size_t b = 0; b < all.size(); ++b)
    if (timeline.real(t, b)) norms.push_back(all[b]);
  flow.whole[t] = block.log_norm(timeline.hidden()[t], row);
  if (norms.empty()) return;
  flow.median[t] = quantile(norms, 0.5);
  flow.low[t] = quantile(norms, 0.05);
  flow.high[t] = quantile(norms, 0.95);
}

/// How much of loss s's dependence is left at lag k, of the sequences that are so long; none if
/// there is no such. `samples`: ln |dL_s/dh_t| of single ones, [losses, steps, batch], under a
/// mask.
std::optional<double> left_at(const Timeline& timeline, const CreditMatrix& credit,
                              std::span<const double> samples, std::size_t s, std::size_t k) {
  const std::size_t last = credit.last_step[s];
  if (last >= credit.steps) return {};
  if (!timeline.masked()) {
    if (last < k || !std::isfinite(credit.at(s, last))) return {};
    return credit.at(s, last - k) - credit.at(s, last);
  }
  std::vector<double> from, to;
  for (std::size_t b = 0; b < timeline.batch(); ++b) {
    const std::size_t own = std::min(last, timeline.length(b) - 1);
    if (own < k) continue;
    const double* row = &samples[s * credit.steps * timeline.batch() + b];
    if (!std::isfinite(row[own * timeline.batch()])) continue;
    from.push_back(row[own * timeline.batch()]);
    to.push_back(row[(own - k) * timeline.batch()]);
  }
  if (from.empty()) return {};
  return log_norm_of_parts(to) - log_norm_of_parts(from);
}

LagProfile lag_profile(const Timeline& timeline, const CreditMatrix& credit,
                       std::span<const double> samples) {
  LagProfile result;
  for (std::size_t k = 0; k < credit.steps; ++k) {
    std::vector<double> ratios;
    for (std::size_t s = 0; s < credit.losses; ++s)
      if (const auto left = left_at(timeline, credit, samples, s, k)) ratios.push_back(*left);
    if (ratios.empty()) break;
    result.median.push_back(quantile(ratios, 0.5));
    result.low.push_back(quantile(ratios, 0.25));
    result.high.push_back(quantile(ratios, 0.75));
    result.samples.push_back(ratios.size());
  }
  const std::span<const double> medians = result.median;
  result.log_factor = line_through(medians).slope;
  result.late_log_factor = line_through(medians.subspan(medians.size() / 2)).slope;
  return result;
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
  // From the far end: what comes through a skip connection may return after it was gone.
  std::size_t first = median.size();
  while (first > 0 && median[first - 1] < std::log(ratio)) --first;
  if (first == median.size()) return {};
  return first;
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

  std::vector<double> samples;
  const std::size_t batch = timeline.batch();
  if (timeline.masked()) samples.assign(losses * steps * batch, none);

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
        if (timeline.masked())
          std::ranges::copy(sample_norms(timeline, block, s, segment),
                            &samples[(s * steps + segment) * batch]);
      }
      note_flow(timeline, block, losses, segment, result.flow);
    }
    if (segment > 0) block.pull(segment);
  }
  result.lags = lag_profile(timeline, credit, samples);
  return result;
}

CreditAnalysis credit(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses,
                      const Tensor& mask) {
  require_losses(losses);
  return credit_of(Timeline(tape, hs, losses, mask));
}

void require_losses(std::span<const Var> losses) {
  if (losses.empty()) throw ValueError("gradflow: the list of losses is empty");
}
}  // namespace wengert::gradflow
