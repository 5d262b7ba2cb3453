// SPDX-License-Identifier: MIT
#include "ledger.h"

#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "../graph/error.h"
#include "cotangent_block.h"
#include "instruments.h"
#include "log_norm.h"

namespace wengert::gradflow {

using wengert::detail::Leaf;

namespace {

/// Calls f(segment, parameter node, contribution, ln of its scale) for every use.
template <class F>
void for_each_use(const Timeline& timeline, std::span<const std::uint32_t> parameters, F&& f) {
  CotangentBlock block(timeline, 1, parameters);
  block.on_leaf = [&](std::size_t segment, std::size_t, std::uint32_t node, const Tensor& part) {
    f(segment, node, part.data<double>(), block.log_scale(0));
  };
  for (const std::uint32_t loss : timeline.losses()) block.seed(0, loss);
  for (std::size_t segment = timeline.segments(); segment-- > 0;) block.pull(segment);
}

/// The row's numbers that need no steps.
void describe(LedgerRow& row, const Tensor& weight) {
  const std::span<const double> total = row.total.data<double>();
  row.weight_norm = std::exp(log_norm(weight.data<double>()));
  row.gradient_norm = std::exp(log_norm(total));
  const double n = static_cast<double>(std::max<std::size_t>(1, total.size()));
  for (const double g : total) {
    if (g == 0.0) row.zero += 1.0 / n;
    else if (std::abs(g) < static_cast<double>(std::numeric_limits<float>::min()))
      row.below_float32 += 1.0 / n;
  }
}

}  // namespace

Ledger ledger_of(const Timeline& timeline) {
  const wengert::detail::Recording& recording = timeline.recording();
  std::vector<std::uint32_t> parameters;
  for (std::uint32_t node = 0; node < recording.size(); ++node)
    if (recording.nodes[node].leaf == Leaf::parameter && recording.nodes[node].tracked)
      parameters.push_back(node);
  std::map<std::uint32_t, LedgerRow> rows;
  for_each_use(
      timeline, parameters,
      [&](std::size_t segment, std::uint32_t node, std::span<const double> part, double log_scale) {
        LedgerRow& row = rows[node];
        if (!row.total.defined()) {
          row.parameter = recording.parameter_name(node);
          row.log_norm.assign(timeline.segments(), -std::numeric_limits<double>::infinity());
          row.cosine.assign(timeline.segments(), std::numeric_limits<double>::quiet_NaN());
          row.total = zeros(recording.shape(node), f64);
        }
        row.log_norm[segment] = log_norm(part) + log_scale;
        if (std::isfinite(row.log_norm[segment])) ++row.uses;
        const double scale = std::exp(log_scale);
        const std::span<double> total = row.total.mutable_data<double>();
        for (std::size_t i = 0; i < part.size(); ++i) total[i] += scale * part[i];
      });
  // Contributions are too many to keep; a second pass compares them with their sum.
  for_each_use(timeline, parameters,
               [&](std::size_t segment, std::uint32_t node, std::span<const double> part, double) {
                 LedgerRow& row = rows[node];
                 const std::span<const double> total = row.total.data<double>();
                 const double size = std::exp(log_norm(part)), whole = std::exp(log_norm(total));
                 if (size == 0.0 || whole == 0.0) return;
                 double product = 0.0;
                 for (std::size_t i = 0; i < part.size(); ++i)
                   product += (part[i] / size) * (total[i] / whole);
                 row.cosine[segment] = product;
               });
  Ledger result;
  for (auto& [node, row] : rows) {
    describe(row, timeline.value(node));
    result.rows.push_back(std::move(row));
  }
  return result;
}

Ledger ledger(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses) {
  detail::require_losses(losses);
  return ledger_of(Timeline(tape, hs, losses));
}

const LedgerRow& Ledger::of(const std::string& parameter) const {
  std::string known;
  for (const LedgerRow& row : rows) {
    if (row.parameter == parameter) return row;
    known += (known.empty() ? "'" : ", '") + row.parameter + "'";
  }
  throw ValueError(
      fmt::format("gradflow: no parameter '{}' leads to a loss; there are {}", parameter, known));
}

}  // namespace wengert::gradflow
