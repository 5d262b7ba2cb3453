// SPDX-License-Identifier: MIT
#include "summary.h"

#include <algorithm>

#include <fmt/format.h>

#include "../graph/recording.h"

namespace wengert {
namespace detail {

std::string parent_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? std::string() : path.substr(0, dot);
}

namespace {

// The module a node belongs to: that of its parameters, else the scope it was recorded under.
std::string module_of(const Recording& recording, std::uint32_t node) {
  for (const std::uint32_t input : recording.inputs(node))
    if (recording.nodes[input].leaf == Leaf::parameter)
      return parent_of(recording.parameter_name(input));
  return recording.places[recording.nodes[node].place].path;
}

double flops_of(const Recording& recording, std::uint32_t node) {
  std::vector<Shape> inputs;
  for (const std::uint32_t input : recording.inputs(node)) inputs.push_back(recording.shape(input));
  return recording.nodes[node].op->flops(inputs, recording.shape(node));
}

void add_op(std::string& ops, std::string_view op) {
  if (ops == op || ops.ends_with(fmt::format(", {}", op))) return;
  ops += fmt::format("{}{}", ops.empty() ? "" : ", ", op);
}

}  // namespace

std::vector<Silent> silent_of(const StateWatch& watch,
                              const std::vector<std::pair<std::string, Rng*>>& generators) {
  std::vector<Silent> silent;
  for (const StateWatch::Call& call : watch.calls())
    for (const auto& [path, generator] : generators)
      if (generator == call.state) {
        silent.push_back({parent_of(path), "dropout", call.output, call.before});
        break;
      }
  return silent;
}

Summary summarize(const Tape& tape, const Notes& notes, const std::vector<Silent>& silent) {
  const Recording& recording = tape.recording();
  Summary summary;
  auto next = silent.begin();
  const auto add_silent = [&](std::uint32_t node) {
    for (; next != silent.end() && next->before <= node; ++next)
      summary.rows.push_back({.path = next->path, .ops = next->ops, .output = next->output});
  };
  std::vector<bool> counted(recording.size(), false);
  for (std::uint32_t node = 0; node < recording.size(); ++node) {
    add_silent(node);
    if (!recording.nodes[node].op) continue;
    const std::string path = module_of(recording, node);
    if (summary.rows.empty() || summary.rows.back().path != path)
      summary.rows.push_back({.path = path, .ops = {}, .output = {}});
    Summary::Row& row = summary.rows.back();
    add_op(row.ops, recording.op_name(node));
    row.output = recording.shape(node);
    row.flops += flops_of(recording, node);
    for (const std::uint32_t input : recording.inputs(node)) {
      if (recording.nodes[input].leaf != Leaf::parameter || counted[input]) continue;
      counted[input] = true;
      row.parameters += recording.shape(input).size();
      row.bytes += recording.shape(input).size() * size_of(recording.nodes[input].dtype);
    }
  }
  add_silent(static_cast<std::uint32_t>(recording.size()));
  for (const Summary::Row& row : summary.rows) {
    summary.parameters += row.parameters;
    summary.bytes += row.bytes;
    summary.flops += row.flops;
  }
  std::size_t untrained = 0;
  for (const auto& [path, note] : notes) {
    summary.active += note.active;
    summary.masked += note.masked;
    summary.frozen += note.frozen;
    summary.buffers += note.buffers;
    untrained += note.frozen_or_masked;
    // A module may have several rows; the one that reads its parameters says it.
    for (Summary::Row& row : summary.rows) {
      if (row.path != path) continue;
      row.active = note.active;
      row.masked = note.masked;
      row.frozen = note.frozen;
      row.buffers = note.buffers;
      break;
    }
  }
  summary.trainable = summary.parameters - untrained;
  return summary;
}

}  // namespace detail

namespace {

std::string with_unit(double value, double base, const char* const (&units)[4]) {
  std::size_t unit = 0;
  while (value >= base && unit + 1 < 4) {
    value /= base;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : 1, units[unit]);
}
std::string bytes_text(std::size_t bytes) {
  return with_unit(static_cast<double>(bytes), 1024, {"B", "KiB", "MiB", "GiB"});
}
std::string flops_text(double flops) {
  return with_unit(flops, 1000, {"flop", "kflop", "Mflop", "Gflop"});
}

// What is unusual about a row, or about the whole, which has the same counts.
template <class Counts>
std::string notes_text(const Counts& counts) {
  std::string text;
  const auto add = [&](const std::string& note) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", note);
  };
  if (counts.active + counts.masked != 0)
    add(fmt::format("{} of {} weights active", counts.active, counts.active + counts.masked));
  if (counts.frozen != 0)
    add(counts.frozen == counts.parameters ? "frozen" : fmt::format("{} frozen", counts.frozen));
  if (counts.buffers != 0) add(fmt::format("{} in buffers", counts.buffers));
  return text;
}

}  // namespace

std::string to_string(const Summary& summary) {
  const auto line = [](std::string_view module, std::string_view output,
                       std::string_view parameters, std::string_view bytes, std::string_view flops,
                       const std::string& notes = {}) {
    return fmt::format("{:<30} {:<16} {:>12} {:>10} {:>12}{}{}\n", module, output, parameters,
                       bytes, flops, notes.empty() ? "" : "  ", notes);
  };
  const std::string rule(84, '-');
  std::string text = line("Module (ops)", "Output", "Parameters", "Bytes", "Forward") + rule + "\n";
  for (const Summary::Row& row : summary.rows)
    text += line(
        row.path.empty() ? fmt::format("({})", row.ops) : fmt::format("{} ({})", row.path, row.ops),
        to_string(row.output), fmt::format("{}", row.parameters), bytes_text(row.bytes),
        flops_text(row.flops), notes_text(row));
  return text + rule + "\n" +
         line("Total", "", fmt::format("{}", summary.parameters), bytes_text(summary.bytes),
              flops_text(summary.flops), notes_text(summary));
}

}  // namespace wengert
