// SPDX-License-Identifier: MIT
#include "ledger.h"

#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "../graph/error.h"
#include "cotangent_block.h"
#include "instruments.h"
#include "scaled_sum.h"

namespace wengert::gradflow {

using wengert::detail::Leaf;

namespace {

/// Calls f(segment, parameter node, contribution) for every use.
template <class F>
void for_each_use(const Timeline& timeline, std::span<const std::uint32_t> parameters, F&& f) {
  CotangentBlock block(timeline, 1, parameters);
  std::map<std::uint32_t, ScaledSum> parts;
  block.on_target = [&](std::size_t, std::uint32_t node, std::span<const double> part,
                        std::int64_t exponent) { parts[node].add(part, exponent); };
  for (const std::uint32_t loss : timeline.losses()) block.seed(0, loss);
  for (std::size_t segment = timeline.segments(); segment-- > 0;) {
    parts.clear();
    block.pull(segment);
    for (const auto& [node, part] : parts) f(segment, node, part);
  }
}

struct Row {
  LedgerRow row = {};
  ScaledSum total = {};
};

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
  std::map<std::uint32_t, Row> rows;
  for_each_use(
      timeline, parameters, [&](std::size_t segment, std::uint32_t node, const ScaledSum& part) {
        auto& [row, total] = rows[node];
        if (total.values.empty()) {
          row.parameter = recording.parameter_name(node);
          row.log_norm.assign(timeline.segments(), -std::numeric_limits<double>::infinity());
          row.cosine.assign(timeline.segments(), std::numeric_limits<double>::quiet_NaN());
        }
        row.log_norm[segment] = log_norm(part.values, part.exponent);
        if (std::isfinite(row.log_norm[segment])) ++row.uses;
        total.add(part.values, part.exponent);
      });
  // Contributions are too many to keep; a second pass compares them with their sum.
  for_each_use(timeline, parameters,
               [&](std::size_t segment, std::uint32_t node, const ScaledSum& part) {
                 auto& [row, total] = rows[node];
                 const double size = std::exp(log_norm(part.values)),
                              whole = std::exp(log_norm(total.values));
                 if (size == 0.0 || whole == 0.0) return;
                 double product = 0.0;
                 for (std::size_t i = 0; i < part.values.size(); ++i)
                   product += (part.values[i] / size) * (total.values[i] / whole);
                 row.cosine[segment] = product;
               });
  Ledger result;
  for (auto& [node, held] : rows) {
    held.row.total =
        Tensor::from(std::span<const double>(held.total.values), recording.shape(node));
    for (double& value : held.row.total.mutable_data<double>())
      value = scaled(value, held.total.exponent);
    describe(held.row, timeline.value(node));
    result.rows.push_back(std::move(held.row));
  }
  return result;
}

Ledger ledger(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses) {
  require_losses(losses);
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
