// SPDX-License-Identifier: MIT
#include "loop_state.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "../graph/error.h"
#include "statistics.h"

namespace wengert {
namespace {

constexpr std::array numbers{&GroupStatistics::gradient_norm, &GroupStatistics::weight_norm,
                             &GroupStatistics::update_ratio,  &GroupStatistics::zero,
                             &GroupStatistics::denormal,      &GroupStatistics::nonfinite};
constexpr std::array step_numbers{&StepRecord::loss,          &StepRecord::rate,
                                  &StepRecord::gradient_norm, &StepRecord::clip_factor,
                                  &StepRecord::seconds,       &StepRecord::counted};
constexpr std::size_t counts = 3;  // step, epoch, samples come first in a row
constexpr std::size_t keys = 2;    // so do step and name in a row of metrics or of groups

Tensor table(const std::vector<double>& cells, std::size_t columns) {
  return Tensor::from<double>(cells, {columns == 0 ? 0 : cells.size() / columns, columns});
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    result.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return result;
}

const Tensor& part(const Snapshot& snapshot, const std::string& name, std::size_t columns) {
  const auto found = snapshot.tensors.find(name);
  if (found == snapshot.tensors.end() || found->second.dtype() != f64 ||
      found->second.rank() != 2 || found->second.shape()[1] != columns)
    throw ValueError(fmt::format("resume: the table '{}' is missing or has other columns", name));
  return found->second;
}
void each_row(const Tensor& table, auto&& visit) {
  const std::span<const double> cells = table.data<double>();
  const std::size_t columns = table.shape()[1];
  for (std::size_t at = 0; at < cells.size(); at += columns) visit(cells.subspan(at, columns));
}
const std::string& note(const Snapshot& snapshot, const std::string& name) {
  const auto found = snapshot.notes.find(name);
  if (found == snapshot.notes.end())
    throw ValueError(fmt::format("resume: the note '{}' is missing", name));
  return found->second;
}

/// Names that many rows share, by their numbers in a list of lines.
class Names {
 public:
  double number_of(const std::string& name) {
    const auto [place, is_new] = numbers_.try_emplace(name, numbers_.size());
    if (is_new) lines_ += name + "\n";
    return static_cast<double>(place->second);
  }
  const std::string& lines() const { return lines_; }

 private:
  std::map<std::string, std::size_t> numbers_;
  std::string lines_;
};

/// The step that a row is of, and its name. Errors: ValueError if there is none.
std::pair<StepRecord&, const std::string&> owner(std::span<const double> row, const char* table,
                                                 std::vector<StepRecord>& steps,
                                                 const std::vector<std::string>& names) {
  const auto step = static_cast<std::size_t>(row[0]);
  const auto name = static_cast<std::size_t>(row[1]);
  if (step >= steps.size() || name >= names.size())
    throw ValueError(fmt::format(
        "resume: the table '{}' speaks of step {} of {} and name {} of {}; is it damaged?", table,
        step + 1, steps.size(), name + 1, names.size()));
  return {steps[step], names[name]};
}

constexpr std::string_view best_prefix = "best ";

}  // namespace

Snapshot LoopState::keep() const {
  Snapshot result;
  // Steps may differ in their metrics and groups: when layers are unfrozen, or a step of the user's
  // measures something now and then.
  Names metric_names;
  Names group_names;
  std::vector<double> steps;
  std::vector<double> metrics;
  std::vector<double> groups;
  for (std::size_t i = 0; i < history.steps.size(); ++i) {
    const StepRecord& step = history.steps[i];
    steps.insert(steps.end(), {static_cast<double>(step.step), static_cast<double>(step.epoch),
                               static_cast<double>(step.samples)});
    for (const auto member : step_numbers) steps.push_back(step.*member);
    const auto row = static_cast<double>(i);
    for (const auto& [name, value] : step.metrics)
      metrics.insert(metrics.end(), {row, metric_names.number_of(name), value});
    for (const GroupStatistics& group : step.groups) {
      groups.insert(groups.end(), {row, group_names.number_of(group.name)});
      for (const auto member : numbers) groups.push_back(group.*member);
    }
  }
  result.tensors["steps"] = table(steps, counts + step_numbers.size());
  result.tensors["metrics"] = table(metrics, keys + 1);
  result.tensors["groups"] = table(groups, keys + numbers.size());
  result.notes["metric names"] = metric_names.lines();
  result.notes["group names"] = group_names.lines();
  History without_steps = history;
  without_steps.steps.clear();
  result.notes["history"] = to_json(without_steps);
  const EarlyStopping::State& early = stopping.state();
  result.tensors["position"] =
      tensor({static_cast<double>(epoch), static_cast<double>(batches_done), over ? 1.0 : 0.0,
              early.best, static_cast<double>(early.best_epoch), static_cast<double>(early.waited)},
             f64)
          .reshape({1, 6});
  for (const auto& [name, value] : best.tensors)
    result.tensors[std::string(best_prefix) + name] = value;
  return result;
}

void LoopState::take(const Snapshot& snapshot) {
  LoopState read;
  const std::vector<std::string> metric_names = lines(note(snapshot, "metric names"));
  const std::vector<std::string> group_names = lines(note(snapshot, "group names"));
  read.history = history_from_json(note(snapshot, "history"));

  constexpr std::size_t columns = counts + step_numbers.size();
  each_row(part(snapshot, "steps", columns), [&](std::span<const double> row) {
    StepRecord step;
    step.step = static_cast<std::int64_t>(row[0]);
    step.epoch = static_cast<std::int64_t>(row[1]);
    step.samples = static_cast<std::size_t>(row[2]);
    for (std::size_t k = 0; k < step_numbers.size(); ++k) step.*step_numbers[k] = row[counts + k];
    read.history.steps.push_back(std::move(step));
  });
  each_row(part(snapshot, "metrics", keys + 1), [&](std::span<const double> row) {
    const auto [step, name] = owner(row, "metrics", read.history.steps, metric_names);
    step.metrics[name] = row[keys];
  });
  each_row(part(snapshot, "groups", keys + numbers.size()), [&](std::span<const double> row) {
    const auto [step, name] = owner(row, "groups", read.history.steps, group_names);
    GroupStatistics group{.name = name};
    for (std::size_t k = 0; k < numbers.size(); ++k) group.*numbers[k] = row[keys + k];
    step.groups.push_back(std::move(group));
  });

  const auto position = part(snapshot, "position", 6).data<double>();
  read.epoch = static_cast<std::int64_t>(position[0]);
  read.batches_done = static_cast<std::int64_t>(position[1]);
  read.over = position[2] != 0.0;
  read.stopping = EarlyStopping(stopping.options());
  read.stopping.restore({position[3], static_cast<std::int64_t>(position[4]),
                         static_cast<std::int64_t>(position[5])});
  for (const auto& [name, value] : snapshot.tensors)
    if (name.starts_with(best_prefix)) read.best.tensors[name.substr(best_prefix.size())] = value;
  *this = std::move(read);
}

History LoopState::history_in(const Snapshot& snapshot, const std::string& part) {
  return history_from_json(note(snapshot, part + "/history"));
}

EpochRecord summarize_epoch(std::int64_t epoch, const std::vector<StepRecord>& history) {
  const auto in_epoch = [&](const StepRecord& step) { return step.epoch == epoch; };
  const auto first = std::ranges::find_if(history, in_epoch);
  const std::span steps(first, std::find_if_not(first, history.end(), in_epoch));
  EpochRecord record{.epoch = epoch, .loss = 0, .gradient_norm = 0, .seconds = 0};
  double counted = 0;
  std::map<std::string, double> counted_by_metric;
  for (const StepRecord& step : steps) {
    const auto samples =
        std::isnan(step.counted) ? static_cast<double>(step.samples) : step.counted;
    counted += samples;
    record.loss += step.loss * samples;
    // The mean is over those steps that have the metric.
    for (const auto& [name, value] : step.metrics) {
      Estimate& metric = record.metrics[name];
      metric.value += value * samples;
      metric.n += step.samples;
      counted_by_metric[name] += samples;
    }
    record.gradient_norm += step.gradient_norm / static_cast<double>(steps.size());
    record.seconds += step.seconds;
    record.samples += step.samples;
    record.rate = step.rate;
  }
  record.loss /= counted;
  for (auto& [name, metric] : record.metrics) metric.value /= counted_by_metric[name];
  record.groups = mean_statistics(steps);
  return record;
}

}  // namespace wengert
