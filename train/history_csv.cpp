// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "../figures/text_file.h"
#include "history.h"

namespace wengert {
namespace {

using detail::Table;

/// Columns that come to be as they are first met, and keep that order.
class Columns {
 public:
  explicit Columns(std::size_t rows) : rows_(rows) {}

  void set(std::size_t row, const std::string& name, double value) {
    auto found = std::find_if(table_.columns.begin(), table_.columns.end(),
                              [&](const Table::Column& column) { return column.name == name; });
    if (found == table_.columns.end()) {
      table_.columns.push_back({name, std::vector<std::optional<double>>(rows_)});
      found = table_.columns.end() - 1;
    }
    found->cells[row] = value;
  }
  /// NaN may mean "not measured", and is then no reason for a column.
  void set_measured(std::size_t row, const std::string& name, double value) {
    if (!std::isnan(value)) set(row, name, value);
  }
  void set(std::size_t row, const std::string& name, const Estimate& estimate) {
    set(row, name, estimate.value);
    set_measured(row, fmt::format("{}_error", name), estimate.error);
  }
  void set(std::size_t row, const std::vector<GroupStatistics>& groups) {
    for (const GroupStatistics& group : groups) {
      set_measured(row, fmt::format("gradient_norm {}", group.name), group.gradient_norm);
      set_measured(row, fmt::format("weight_norm {}", group.name), group.weight_norm);
      set_measured(row, fmt::format("update_ratio {}", group.name), group.update_ratio);
      set_measured(row, fmt::format("zero {}", group.name), group.zero);
      set_measured(row, fmt::format("denormal {}", group.name), group.denormal);
      set_measured(row, fmt::format("nonfinite {}", group.name), group.nonfinite);
    }
  }
  const Table& table() const { return table_; }

 private:
  std::size_t rows_;
  Table table_;
};

}  // namespace

void write_csv(const History& history, const std::string& path) {
  Columns columns(history.epochs.size());
  for (std::size_t row = 0; row < history.epochs.size(); ++row) {
    const EpochRecord& epoch = history.epochs[row];
    columns.set(row, "epoch", static_cast<double>(epoch.epoch));
    columns.set(row, "loss", epoch.loss);
    if (epoch.validation_loss) columns.set(row, "validation_loss", *epoch.validation_loss);
    if (epoch.settled_loss) columns.set(row, "settled_loss", *epoch.settled_loss);
    for (const auto& [name, metric] : epoch.metrics)
      columns.set(row, fmt::format("metric {}", name), metric);
    for (const auto& [name, metric] : epoch.validation_metrics)
      columns.set(row, fmt::format("validation_metric {}", name), metric);
    columns.set_measured(row, "rate", epoch.rate);
    columns.set_measured(row, "gradient_norm", epoch.gradient_norm);
    columns.set_measured(row, "seconds", epoch.seconds);
    columns.set_measured(row, "validation_seconds", epoch.validation_seconds);
    columns.set(row, "samples", static_cast<double>(epoch.samples));
    columns.set(row, epoch.groups);
  }
  detail::replace_file("write_csv", path, to_csv(columns.table()));
}

void write_steps_csv(const History& history, const std::string& path) {
  Columns columns(history.steps.size());
  for (std::size_t row = 0; row < history.steps.size(); ++row) {
    const StepRecord& step = history.steps[row];
    columns.set(row, "step", static_cast<double>(step.step));
    columns.set(row, "epoch", static_cast<double>(step.epoch));
    columns.set(row, "samples", static_cast<double>(step.samples));
    columns.set(row, "loss", step.loss);
    for (const auto& [name, value] : step.metrics)
      columns.set(row, fmt::format("metric {}", name), value);
    columns.set_measured(row, "rate", step.rate);
    columns.set_measured(row, "gradient_norm", step.gradient_norm);
    columns.set(row, "clip_factor", step.clip_factor);
    columns.set_measured(row, "seconds", step.seconds);
    columns.set(row, step.groups);
  }
  detail::replace_file("write_steps_csv", path, to_csv(columns.table()));
}

}  // namespace wengert
