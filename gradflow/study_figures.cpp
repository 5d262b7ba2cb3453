// SPDX-License-Identifier: MIT
// Everything is drawn as decimal logarithms on linear axes: the numbers themselves leave the range
// of a double.
#include "study_figures.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "slope.h"

namespace wengert::gradflow {

namespace {

constexpr double per_decade = 0.43429448190325176;  // 1 / ln 10

std::vector<double> decades(const std::vector<double>& logs) {
  std::vector<double> result;
  for (const double value : logs) result.push_back(per_decade * value);
  return result;
}

std::vector<double> counted(std::size_t n, double first = 0.0) {
  std::vector<double> result;
  for (std::size_t i = 0; i < n; ++i) result.push_back(first + static_cast<double>(i));
  return result;
}

Figure one(Panel panel) {
  Figure figure{.panel_width = 640, .panel_height = 440};
  figure.panels.push_back(std::move(panel));
  return figure;
}

HeatMap map_of(std::size_t rows, std::size_t columns, const std::vector<double>& logs,
               std::string label) {
  HeatMap map;
  map.rows = rows;
  map.columns = columns;
  map.values = decades(logs);
  map.label = std::move(label);
  map.scale = HeatMap::Scale::exponents;
  map.square = rows > 1 && rows * 4 > columns && columns * 4 > rows;
  return map;
}

/// A line through lag 0 with this slope.
Series straight(std::string name, double log_factor, std::size_t lags, double at_zero = 0.0) {
  Series series{.name = std::move(name), .x = {0.0, static_cast<double>(lags - 1)}};
  series.y = {per_decade * at_zero,
              per_decade * (at_zero + log_factor * static_cast<double>(lags - 1))};
  return series;
}

NamedFigure credit_figure(const Study& study) {
  Panel panel = credit_panel(study);
  panel.title.clear();
  return {"credit", "Credit matrix",
          "How strongly the loss s depends on the state t. The diagonal is a loss's own step; what "
          "fades to the left is what it cannot learn from. Blank: no path.",
          one(std::move(panel))};
}

NamedFigure lag_figure(const Study& study) {
  const LagProfile& lags = study.lags;
  const std::size_t n = lags.median.size();
  Panel panel{.x = {.label = "lag k = s - t, in steps"},
              .y = {.label = "log10 of |dL_s/dh_t|, lag 0 = 0"}};
  panel.series.push_back({.name = "measured, median and quartiles over s",
                          .x = counted(n),
                          .y = decades(lags.median),
                          .low = decades(lags.low),
                          .high = decades(lags.high)});
  panel.series.push_back(
      straight(fmt::format("straight line, {:.3g} a step", std::exp(lags.log_factor)),
               lags.log_factor, n, line_through(lags.median).at_zero));
  if (study.reference && n > 1) {
    const auto draw = [&](const char* name, double log_factor) {
      if (std::isfinite(log_factor))
        panel.series.push_back(
            straight(fmt::format("{}, {:.3g} a step", name, std::exp(log_factor)), log_factor, n));
    };
    draw("bound", study.reference->log_bound);
    draw("mean field", study.reference->log_mean_field);
    draw("spectral radius", study.reference->log_spectral);
    // The bound may rise out of sight; what is measured has to stay legible.
    double lowest = -1.0;
    for (std::size_t k = 1; k < panel.series.size(); ++k)
      if (k != 2) lowest = std::min(lowest, panel.series[k].y[1]);
    panel.y.low = 1.3 * lowest;
    panel.y.high = std::max(1.0, 0.3 * std::abs(*panel.y.low));
    for (const double value : panel.series[0].y)
      if (std::isfinite(value)) panel.y.high = std::max(*panel.y.high, value + 0.5);
  }
  std::string caption = "Medians over all losses.";
  if (study.longest < study.steps)
    caption += " Lags are counted from each sequence's own end, padding left out.";
  caption += study.reference
                 ? " The bound holds for this net at every lag and is seldom near; the mean field "
                   "is what a random matrix of this size would do, the spectral radius what a "
                   "matrix does in the long run; both with the slopes as they occurred."
                 : " No lines to compare with: bound, mean field and spectral radius are known "
                   "for h_t = phi(W h_{t-1} + c_t) alone, with one W for all steps.";
  return {"lags", "How it falls with distance", std::move(caption), one(std::move(panel))};
}

NamedFigure flow_figure(const Study& study) {
  Panel panel{.x = {.label = "step t"}, .y = {.label = "log10 |dL/dh_t|"}};
  panel.series.push_back({.name = "median and 5 to 95 % of the batch",
                          .x = counted(study.steps),
                          .y = decades(study.flow.median),
                          .low = decades(study.flow.low),
                          .high = decades(study.flow.high)});
  const double float32 = std::log10(std::numeric_limits<float>::min());
  if (std::ranges::any_of(panel.series[0].y, [&](double y) { return y < float32; }))
    panel.marks.push_back({float32, "smallest normal number of float32"});
  return {"flow", "Gradient of the whole loss",
          "What arrives at each state, summed over all losses after it: with a loss a step the "
          "last ones hide how little comes from afar.",
          one(std::move(panel))};
}

NamedFigure ledger_figure(const Study& study) {
  Figure figure;
  Panel norms{.title = "size",
              .x = {.label = "step of use"},
              .y = {.label = "log10 |contribution to dL/dW|"}};
  Panel cosines{.title = "direction",
                .x = {.label = "step of use"},
                .y = {.label = "cosine with dL/dW", .low = -1.0, .high = 1.0}};
  for (const LedgerRow& row : study.ledger.rows) {
    if (row.uses < 2 || norms.series.size() == 6) continue;
    const std::size_t n = std::min(row.log_norm.size(), study.steps);
    const std::vector<double> own(row.log_norm.begin(),
                                  row.log_norm.begin() + static_cast<std::ptrdiff_t>(n));
    const std::vector<double> cosine(row.cosine.begin(),
                                     row.cosine.begin() + static_cast<std::ptrdiff_t>(n));
    norms.series.push_back({.name = row.parameter, .x = counted(n), .y = decades(own)});
    cosines.series.push_back({.name = row.parameter, .x = counted(n), .y = cosine});
  }
  if (!norms.series.empty()) figure.panels = {std::move(norms), std::move(cosines)};
  return {"ledger", "Who moves the weights",
          "dL/dW is the sum of these contributions, one a use. A cosine near 0 says that a step "
          "pulls somewhere else than the sum goes.",
          std::move(figure)};
}

NamedFigure jacobian_figure(const Study& study) {
  Figure figure;
  if (!study.jacobian.empty()) {
    Panel panel{.title = "singular values of dh_T/dh_t",
                .x = {.label = "lag T - t, in steps"},
                .y = {.label = "log10 sigma"}};
    Series largest{.name = "largest"}, middle{.name = "median"}, smallest{.name = "smallest"};
    for (auto point = study.jacobian.rbegin(); point != study.jacobian.rend(); ++point) {
      const auto lag = static_cast<double>(study.longest - 1 - point->step);
      for (Series* series : {&largest, &middle, &smallest}) series->x.push_back(lag);
      largest.y.push_back(per_decade * point->log_largest);
      middle.y.push_back(per_decade * point->log_median);
      smallest.y.push_back(per_decade * point->log_smallest);
    }
    panel.series = {std::move(largest), std::move(middle), std::move(smallest)};
    figure.panels.push_back(std::move(panel));
  }
  if (study.exponents) {
    Panel panel{.title = "Lyapunov exponents",
                .x = {.label = "number i", .whole = true},
                .y = {.label = "lambda_i / nats per step"}};
    panel.series.push_back({.x = counted(study.exponents->exponents.size(), 1.0),
                            .y = study.exponents->exponents,
                            .style = Series::Style::points});
    panel.marks.push_back({0.0, "neither grows nor falls"});
    figure.panels.push_back(std::move(panel));
  }
  return {"jacobian", "Directions",
          "Some directions of the state live longer than others. Below 1e-14 of the largest "
          "singular value rounding hides the rest; the exponents are free of that.",
          std::move(figure)};
}

NamedFigure saturation_figure(const Study& study) {
  Figure figure;
  Panel shares{.title = "per step",
               .x = {.label = "step"},
               .y = {.label = "share with |phi'| < 0.05", .low = 0.0, .high = 1.0}};
  Panel values{.title = "outputs of all steps",
               .x = {.label = "output (tanh from -1, others from 0, to 1)"},
               .y = {.label = "share", .low = 0.0}};
  for (const ActivationUse& use : study.saturation.uses) {
    const std::string name = use.number == 0
                                 ? fmt::format("{} {}", use.op, use.place)
                                 : fmt::format("{} {} ({})", use.op, use.place, use.number + 1);
    shares.series.push_back(
        {.name = name, .x = counted(use.saturated.size(), 1.0), .y = use.saturated});
    if (use.op != "tanh" && use.op != "sigmoid") continue;
    const double low = use.op == "tanh" ? -1.0 : 0.0, width = (1.0 - low) / 10.0;
    Series bins{.name = name, .style = Series::Style::line_points};
    for (std::size_t k = 0; k < use.histogram.size(); ++k) {
      bins.x.push_back(low + (static_cast<double>(k) + 0.5) * width);
      bins.y.push_back(use.histogram[k]);
    }
    values.series.push_back(std::move(bins));
  }
  if (!shares.series.empty()) figure.panels.push_back(std::move(shares));
  if (!values.series.empty()) figure.panels.push_back(std::move(values));
  return {"saturation", "Activations",
          "Where phi' is small no gradient passes. Of a gate, outputs near 0 or 1 are its purpose.",
          std::move(figure)};
}

NamedFigure path_figure(const Study& study) {
  Figure figure;
  if (study.paths) {
    Panel panel{.x = {.label = "lag, in steps"},
                .y = {.label = "log10 |d state_T / d state_t| / sqrt(n)"}};
    const std::size_t n = study.paths->log_whole.size();
    panel.series.push_back(
        {.name = "by all ways", .x = counted(n), .y = decades(study.paths->log_whole)});
    if (n > 1 && std::isfinite(study.paths->log_direct[1]))
      panel.series.push_back({.name = "past all weight matrices",
                              .x = counted(n),
                              .y = decades(study.paths->log_direct)});
    figure.panels.push_back(std::move(panel));
  }
  return {"paths", "The direct way",
          "What reaches back through products of gates alone (the forget gates of an LSTM, the "
          "update gates of a GRU) beside the whole dependence.",
          std::move(figure)};
}

NamedFigure input_figure(const Study& study) {
  Figure figure;
  if (study.inputs) {
    Panel panel{.x = {.label = "input of step t", .whole = true},
                .y = {.label = "loss of step s", .whole = true}};
    panel.map =
        map_of(study.inputs->losses, study.inputs->inputs, study.inputs->log_norm, "|dL_s/dx_t|");
    figure = one(std::move(panel));
  }
  return {"inputs", "Sensitivity to inputs", "How strongly the loss s depends on the input t.",
          std::move(figure)};
}

}  // namespace

Panel credit_panel(const Study& study) {
  Panel panel{.title = study.title,
              .x = {.label = "state at step t", .whole = true},
              .y = {.label = "loss of step s", .whole = true}};
  panel.map = map_of(study.credit.losses, study.credit.steps, study.credit.log_norm, "|dL_s/dh_t|");
  return panel;
}

std::vector<NamedFigure> figures_of(const Study& study) {
  std::vector<NamedFigure> figures;
  for (auto make : {credit_figure, lag_figure, flow_figure, ledger_figure, jacobian_figure,
                    path_figure, saturation_figure, input_figure}) {
    NamedFigure figure = make(study);
    if (!figure.figure.panels.empty()) figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace wengert::gradflow
