// SPDX-License-Identifier: MIT
#include "loop_state.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "../graph/error.h"
#include "statistics.h"

namespace wengert {
namespace {

constexpr std::array numbers{&GroupStatistics::gradient_norm, &GroupStatistics::weight_norm,
                             &GroupStatistics::update_ratio,  &GroupStatistics::zero,
                             &GroupStatistics::denormal,      &GroupStatistics::nonfinite};
constexpr std::array step_numbers{&StepRecord::loss, &StepRecord::rate, &StepRecord::gradient_norm,
                                  &StepRecord::clip_factor, &StepRecord::seconds};
constexpr std::size_t counts = 3;  // step, epoch, samples come first in a row

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
const std::string& note(const Snapshot& snapshot, const std::string& name) {
  const auto found = snapshot.notes.find(name);
  if (found == snapshot.notes.end())
    throw ValueError(fmt::format("resume: the note '{}' is missing", name));
  return found->second;
}

constexpr std::string_view best_prefix = "best ";

}  // namespace

Snapshot LoopState::keep() const {
  Snapshot result;
  // Every step has the same metrics, and those steps that have groups have the same ones.
  std::vector<std::string> metrics;
  std::vector<std::string> groups;
  if (!history.steps.empty())
    for (const auto& [name, value] : history.steps.front().metrics) metrics.push_back(name);
  std::vector<double> steps;
  std::vector<double> statistics;
  for (std::size_t i = 0; i < history.steps.size(); ++i) {
    const StepRecord& step = history.steps[i];
    steps.insert(steps.end(), {static_cast<double>(step.step), static_cast<double>(step.epoch),
                               static_cast<double>(step.samples)});
    for (const auto member : step_numbers) steps.push_back(step.*member);
    for (const std::string& name : metrics) steps.push_back(step.metrics.at(name));
    if (step.groups.empty()) continue;
    if (groups.empty())
      for (const GroupStatistics& group : step.groups) groups.push_back(group.name);
    statistics.push_back(static_cast<double>(i));
    for (const GroupStatistics& group : step.groups)
      for (const auto member : numbers) statistics.push_back(group.*member);
  }
  result.tensors["steps"] = table(steps, counts + step_numbers.size() + metrics.size());
  result.tensors["groups"] = table(statistics, 1 + groups.size() * numbers.size());
  result.notes["metrics"] = fmt::format("{}", fmt::join(metrics, "\n"));
  result.notes["group names"] = fmt::format("{}", fmt::join(groups, "\n"));
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
  const std::vector<std::string> metrics = lines(note(snapshot, "metrics"));
  const std::vector<std::string> groups = lines(note(snapshot, "group names"));
  read.history = history_from_json(note(snapshot, "history"));

  const std::size_t columns = counts + step_numbers.size() + metrics.size();
  const auto steps = part(snapshot, "steps", columns).data<double>();
  for (std::size_t row = 0; row < steps.size() / columns; ++row) {
    const auto cells = steps.subspan(row * columns, columns);
    StepRecord step;
    step.step = static_cast<std::int64_t>(cells[0]);
    step.epoch = static_cast<std::int64_t>(cells[1]);
    step.samples = static_cast<std::size_t>(cells[2]);
    for (std::size_t k = 0; k < step_numbers.size(); ++k) step.*step_numbers[k] = cells[counts + k];
    for (std::size_t k = 0; k < metrics.size(); ++k)
      step.metrics[metrics[k]] = cells[counts + step_numbers.size() + k];
    read.history.steps.push_back(std::move(step));
  }

  const std::size_t width = 1 + groups.size() * numbers.size();
  const auto statistics = part(snapshot, "groups", width).data<double>();
  for (std::size_t row = 0; row < statistics.size() / width; ++row) {
    const auto cells = statistics.subspan(row * width, width);
    const auto index = static_cast<std::size_t>(cells[0]);
    if (index >= read.history.steps.size())
      throw ValueError("resume: the table 'groups' speaks of a step that is not there");
    for (std::size_t g = 0; g < groups.size(); ++g) {
      GroupStatistics group{.name = groups[g]};
      for (std::size_t k = 0; k < numbers.size(); ++k)
        group.*numbers[k] = cells[1 + g * numbers.size() + k];
      read.history.steps[index].groups.push_back(std::move(group));
    }
  }

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
  std::map<std::string, double> metrics;
  for (const StepRecord& step : steps) {
    const auto samples = static_cast<double>(step.samples);
    record.loss += step.loss * samples;
    for (const auto& [name, value] : step.metrics) metrics[name] += value * samples;
    record.gradient_norm += step.gradient_norm / static_cast<double>(steps.size());
    record.seconds += step.seconds;
    record.samples += step.samples;
    record.rate = step.rate;
  }
  const auto samples = static_cast<double>(record.samples);
  record.loss /= samples;
  for (const auto& [name, value] : metrics)
    record.metrics[name] = {.value = value / samples, .n = record.samples};
  record.groups = mean_statistics(steps);
  return record;
}

}  // namespace wengert
