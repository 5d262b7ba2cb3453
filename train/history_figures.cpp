// SPDX-License-Identifier: MIT
#include "history_figures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "trend.h"

namespace wengert {
namespace {

constexpr std::size_t few_epochs = 8;
constexpr std::size_t most_points = 300;

const Axis epochs_axis{.label = "epoch", .whole = true};

/// Blocks of consecutive steps, at most most_points of them: median and extremes of a number.
Series by_step(const History& history, std::string name,
               const std::function<double(const StepRecord&)>& number) {
  Series series{.name = std::move(name)};
  const std::size_t n = history.steps.size();
  const double per_epoch =
      static_cast<double>(n) / static_cast<double>(std::max<std::size_t>(1, history.epochs.size()));
  const std::size_t length = std::max<std::size_t>(1, n / most_points);
  for (std::size_t first = 0; first + length <= n; first += length) {
    std::vector<double> values;
    for (std::size_t i = first; i < first + length; ++i)
      if (const double value = number(history.steps[i]); std::isfinite(value))
        values.push_back(value);
    if (values.empty()) values.push_back(not_measured);
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    series.x.push_back(static_cast<double>(first + length) / per_epoch);
    series.low.push_back(*low);
    series.high.push_back(*high);
    series.y.push_back(detail::median(values));
  }
  if (length == 1) series.low = series.high = {};
  return series;
}

Series by_epoch(const History& history, std::string name,
                const std::function<std::optional<Estimate>(const EpochRecord&)>& number) {
  Series series{.name = std::move(name)};
  bool errors = false;
  for (const EpochRecord& epoch : history.epochs) {
    const std::optional<Estimate> value = number(epoch);
    if (!value) continue;
    series.x.push_back(static_cast<double>(epoch.epoch));
    series.y.push_back(value->value);
    series.low.push_back(value->value - value->error);
    series.high.push_back(value->value + value->error);
    errors = errors || std::isfinite(value->error);
  }
  if (!errors) series.low = series.high = {};
  return series;
}

/// True if a logarithmic axis shows more: everything is positive, over more than a factor of `by`.
bool wide(const std::vector<Series>& all, double by = 4) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const Series& series : all)
    for (const double y : series.y) {
      if (!std::isfinite(y)) continue;
      low = std::min(low, y);
      high = std::max(high, y);
    }
  return low > 0 && high > by * low;
}

/// Natural logarithms have a unit; of other losses the unit is the user's.
std::string label_of(const std::string& loss) {
  for (const char* logarithm : {"bce", "entropy", "kl", "likelihood", "nll"})
    if (loss.find(logarithm) != std::string::npos) return fmt::format("{} / nats", loss);
  return loss.empty() ? "loss" : loss;
}

void add(std::vector<Series>& all, Series series) {
  if (!series.x.empty()) all.push_back(std::move(series));
}

std::vector<Series> losses(const History& history) {
  std::vector<Series> all;
  add(all, by_epoch(history, "training, mean over the epoch",
                    [](const EpochRecord& e) { return Estimate{.value = e.loss}; }));
  add(all, by_epoch(history, "validation, after the epoch",
                    [](const EpochRecord& e) { return e.validation_loss; }));
  add(all, by_epoch(history, "training, after the epoch",
                    [](const EpochRecord& e) { return e.settled_loss; }));
  if (history.epochs.size() < few_epochs) {
    add(all, by_step(history, "training, by step", [](const StepRecord& s) { return s.loss; }));
    if (!all.empty()) all.back().colour = 6;
  }
  return all;
}

/// Where a loss above its floor is: the logarithm of what is left shows how fast it falls.
Panel excess_panel(const History& history, std::vector<Series> all) {
  for (Series& series : all)
    for (std::vector<double>* values : {&series.y, &series.low, &series.high})
      for (double& value : *values) value -= *history.floor;
  return {.title = "excess over the floor",
          .x = epochs_axis,
          .y = {.label = label_of(fmt::format("{} - {:.4g}", history.loss_name, *history.floor)),
                .log = true},
          .series = std::move(all)};
}

std::set<std::string> metric_names(const History& history) {
  std::set<std::string> names;
  for (const EpochRecord& epoch : history.epochs) {
    for (const auto& [name, value] : epoch.metrics) names.insert(name);
    for (const auto& [name, value] : epoch.validation_metrics) names.insert(name);
  }
  return names;
}

std::optional<Estimate> metric(const std::map<std::string, Estimate>& metrics,
                               const std::string& name) {
  const auto found = metrics.find(name);
  return found == metrics.end() ? std::optional<Estimate>() : found->second;
}

std::optional<Estimate> update_of(const EpochRecord& epoch, const std::string& group) {
  for (const GroupStatistics& statistics : epoch.groups)
    if (statistics.name == group) return Estimate{.value = statistics.update_ratio};
  return {};
}

/// Up to eight groups; weights before biases, which start at zero and change by any ratio.
std::vector<std::string> shown_groups(const History& history) {
  constexpr std::size_t most = 8;
  std::vector<std::string> weights, others;
  if (!history.epochs.empty())
    for (const GroupStatistics& group : history.epochs.back().groups)
      (group.name.ends_with("weight") ? weights : others).push_back(group.name);
  std::vector<std::string>& shown = weights.empty() ? others : weights;
  if (shown.size() > most) {
    // From the first layer to the last, evenly.
    std::vector<std::string> some;
    for (std::size_t i = 0; i < most; ++i)
      some.push_back(shown[i * (shown.size() - 1) / (most - 1)]);
    return some;
  }
  return shown;
}

}  // namespace

Figure loss_figure(const History& history) {
  std::vector<Series> all = losses(history);
  Figure figure{.panels = {{.title = "loss",
                            .x = epochs_axis,
                            .y = {.label = label_of(history.loss_name), .log = wide(all)},
                            .series = all}}};
  if (!history.floor) return figure;
  figure.panels[0].marks = {
      {.at = *history.floor, .text = fmt::format("floor {:.4g}", *history.floor)}};
  figure.panels.push_back(excess_panel(history, std::move(all)));
  return figure;
}

Figure metrics_figure(const History& history) {
  Figure figure;
  for (const std::string& name : metric_names(history)) {
    Panel panel{.title = name, .x = epochs_axis, .y = {.label = name}};
    Series training = by_epoch(history, "training",
                               [&](const EpochRecord& e) { return metric(e.metrics, name); });
    Series validation = by_epoch(history, "validation", [&](const EpochRecord& e) {
      return metric(e.validation_metrics, name);
    });
    training.colour = 0;
    validation.colour = 1;
    add(panel.series, std::move(training));
    add(panel.series, std::move(validation));
    panel.y.log = wide(panel.series, 20);
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

Figure rate_figure(const History& history) {
  Series rate = by_step(history, "", [](const StepRecord& s) { return s.rate; });
  if (rate.x.empty())
    rate = by_epoch(history, "", [](const EpochRecord& e) { return Estimate{.value = e.rate}; });
  rate.low = rate.high = {};
  Axis y{.label = "learning rate", .log = wide({rate}, 20)};
  // A constant rate is not a noise of its last digit.
  const auto [low, high] = std::minmax_element(rate.y.begin(), rate.y.end());
  if (!rate.y.empty() && *low == *high && *low > 0) {
    y.low = 0;
    y.high = 1.25 * *high;
  }
  return {.panels = {{.title = "learning rate", .x = epochs_axis, .y = y, .series = {rate}}}};
}

Figure gradient_figure(const History& history) {
  Series norm = by_step(history, "median and range of steps",
                        [](const StepRecord& s) { return s.gradient_norm; });
  if (norm.x.empty())
    norm = by_epoch(history, "mean over the epoch",
                    [](const EpochRecord& e) { return Estimate{.value = e.gradient_norm}; });
  if (norm.low.empty()) norm.name = history.steps.empty() ? norm.name : "each step";
  Figure figure{.panels = {{.title = "gradient",
                            .x = epochs_axis,
                            .y = {.label = "norm of the gradient", .log = wide({norm})},
                            .series = {norm}}}};
  Panel updates{.title = "size of a step",
                .x = epochs_axis,
                .y = {.label = "|change of w| / |w|, mean", .log = true},
                .marks = {{.at = 1e-3, .text = "usual"}}};
  for (const std::string& group : shown_groups(history))
    add(updates.series,
        by_epoch(history, group, [&](const EpochRecord& e) { return update_of(e, group); }));
  if (!updates.series.empty()) figure.panels.push_back(std::move(updates));
  return figure;
}

Series over_runs(std::string name, std::span<const double> x,
                 std::span<const std::vector<double>> runs, Band band) {
  Series series{.name = std::move(name), .x = {x.begin(), x.end()}};
  for (std::size_t i = 0; i < x.size(); ++i) {
    std::vector<double> values;
    for (const std::vector<double>& run : runs)
      if (i < run.size() && std::isfinite(run[i])) values.push_back(run[i]);
    std::sort(values.begin(), values.end());
    // Between neighbours on a line, as numpy.quantile has it.
    const auto quantile = [&](double share) {
      if (values.empty()) return not_measured;
      const double place = share * static_cast<double>(values.size() - 1);
      const auto below = static_cast<std::size_t>(place);
      const std::size_t above = std::min(below + 1, values.size() - 1);
      return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
    };
    const double tail = band == Band::quartiles ? 0.25 : 0.0;
    series.y.push_back(quantile(0.5));
    series.low.push_back(quantile(tail));
    series.high.push_back(quantile(1 - tail));
  }
  return series;
}

Series over_runs(std::string name, std::span<const History> runs,
                 const std::function<double(const EpochRecord&)>& number, Band band) {
  std::vector<std::vector<double>> values;
  std::size_t longest = 0;
  for (const History& history : runs) {
    std::vector<double> run;
    for (const EpochRecord& epoch : history.epochs) run.push_back(number(epoch));
    longest = std::max(longest, run.size());
    values.push_back(std::move(run));
  }
  std::vector<double> x;
  for (std::size_t i = 1; i <= longest; ++i) x.push_back(static_cast<double>(i));
  return over_runs(std::move(name), x, values, band);
}

}  // namespace wengert
