// SPDX-License-Identifier: MIT
#include "summary.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

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

bool lists(const std::string& ops, std::string_view op) {
  return fmt::format(", {},", ops).find(fmt::format(", {},", op)) != std::string::npos;
}

/// `once`: wherever it stands in the list, not only at its end.
void add_op(std::string& ops, std::string_view op, bool once) {
  if (ops == op || ops.ends_with(fmt::format(", {}", op)) || (once && lists(ops, op))) return;
  ops += fmt::format("{}{}", ops.empty() ? "" : ", ", op);
}

/// Rows in the order in which they begin. What belongs to a time step goes to the row of the same
/// module in the other steps.
class RowList {
 public:
  explicit RowList(std::vector<Summary::Row>& rows) : rows_(rows) {}

  /// `silent`: of a module that records nothing, which has a row of its own.
  Summary::Row& of(const std::string& path, std::optional<std::int64_t> step, bool silent) {
    if (!step) {
      if (silent || rows_.empty() || rows_.back().path != path || in_steps_)
        rows_.push_back({.path = path, .ops = {}, .output = {}});
      in_steps_ = false;
      return rows_.back();
    }
    in_steps_ = true;
    const auto [found, added] = folded_.try_emplace({path, silent}, Folded{rows_.size(), *step});
    if (added) rows_.push_back({.path = path, .ops = {}, .output = {}});
    Summary::Row& row = rows_[found->second.row];
    if (std::exchange(found->second.step, *step) != *step) ++row.steps;
    return row;
  }

 private:
  struct Folded {
    std::size_t row;
    std::int64_t step;  ///< the last one that was added
  };
  std::vector<Summary::Row>& rows_;
  std::map<std::pair<std::string, bool>, Folded> folded_;
  bool in_steps_ = false;  ///< the last row takes no more ops from outside of the steps
};

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
  RowList rows(summary.rows);
  const auto step_of = [&](std::size_t node) {
    return node < recording.size() ? recording.places[recording.nodes[node].place].step
                                   : std::optional<std::int64_t>{};
  };
  auto next = silent.begin();
  const auto add_silent = [&](std::uint32_t node) {
    for (; next != silent.end() && next->before <= node; ++next) {
      // Between two nodes; the last thing in a step has none of that step after it.
      const std::size_t at = next->before;
      const auto step = at > 0 && step_of(at - 1) ? step_of(at - 1) : step_of(at);
      Summary::Row& row = rows.of(next->path, step, true);
      row.ops = next->ops;
      row.output = next->output;
    }
  };
  std::vector<bool> counted(recording.size(), false);
  for (std::uint32_t node = 0; node < recording.size(); ++node) {
    add_silent(node);
    if (!recording.nodes[node].op) continue;
    const std::string path = module_of(recording, node);
    Summary::Row& row = rows.of(path, step_of(node), false);
    add_op(row.ops, recording.op_name(node), step_of(node).has_value());
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

/// "0.cell, x 100 steps (linear, add, ...)".
std::string module_text(const Summary::Row& row) {
  constexpr std::size_t longest = 48;
  std::string text = row.path;
  if (row.steps > 1) text += fmt::format("{}x {} steps", text.empty() ? "" : ", ", row.steps);
  if (!text.empty()) text += ' ';
  std::string ops = row.ops;
  while (text.size() + ops.size() + 2 > longest) {
    const std::size_t comma =
        ops.rfind(", ", ops.ends_with(", ...") ? ops.size() - 6 : std::string::npos);
    if (comma == std::string::npos || ops == "...") break;
    ops = ops.substr(0, comma) + ", ...";
  }
  return fmt::format("{}({})", text, ops);
}

}  // namespace

std::string to_string(const Summary& summary) {
  std::size_t wide = 30, shape = 16;
  for (const Summary::Row& row : summary.rows) {
    wide = std::max(wide, module_text(row).size());
    shape = std::max(shape, to_string(row.output).size());
  }
  const auto line = [&](std::string_view module, std::string_view output,
                        std::string_view parameters, std::string_view bytes, std::string_view flops,
                        const std::string& notes = {}) {
    return fmt::format("{:<{}} {:<{}} {:>12} {:>10} {:>12}{}{}\n", module, wide, output, shape,
                       parameters, bytes, flops, notes.empty() ? "" : "  ", notes);
  };
  const std::string rule(wide + shape + 38, '-');
  std::string text = line("Module (ops)", "Output", "Parameters", "Bytes", "Forward") + rule + "\n";
  for (const Summary::Row& row : summary.rows)
    text += line(module_text(row), to_string(row.output), fmt::format("{}", row.parameters),
                 bytes_text(row.bytes), flops_text(row.flops), notes_text(row));
  return text + rule + "\n" +
         line("Total", "", fmt::format("{}", summary.parameters), bytes_text(summary.bytes),
              flops_text(summary.flops), notes_text(summary));
}

}  // namespace wengert
