// SPDX-License-Identifier: MIT
// What the programs on sequences share: the study of a net's gradient, printed and as a page. Not
// part of the library.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include <wengert/wengert.h>

/// --report NAME: the pages NAME_before.html and NAME_after.html, and of programs that draw
/// NAME.svg.
struct GradientPages {
  std::string name = {};
  std::string program;  ///< what it does, in a few words: above its pages

  explicit GradientPages(CLI::App& app) : program(app.get_description()) {
    app.add_option("--report", name, "NAME of the pages NAME_before.html and NAME_after.html");
  }
  void show(const wengert::gradflow::Study& study, const std::string& when) const {
    wengert::print("{} training: {}", when, study.verdict());
    if (!name.empty()) study.report(name + "_" + when + ".html");
  }
  std::string title(const std::string& when) const {
    return program + ": the gradient " + when + " training";
  }
  void draw(const wengert::Figure& figure) const {
    if (!name.empty()) wengert::write_figure(figure, name + ".svg");
  }
  /// How far the loss of the last output reaches back, on the batch [batch, steps, in].
  template <class Cell>
  void show(const Cell& cell, const wengert::Linear& readout, const wengert::Loss& loss,
            const wengert::data::Dataset& batch, const std::string& when) const {
    wengert::Tape tape;
    const auto run =
        wengert::unroll(cell, wengert::transpose(tape.input(batch.inputs), 0, 1), {.fused = false});
    wengert::gradflow::StudyOptions options{.title = title(when)};
    if constexpr (requires { run.last.c; })
      for (const auto& state : run.states) options.cells.push_back(state.c);
    const auto last = loss(readout(run.h.back()), batch.targets);
    show(wengert::gradflow::study(tape, run.h, last, options), when);
  }
  /// The same for a loss at every step, on the batch [batch, steps, in] with targets for each.
  template <class Module>
  void show_steps(const Module& module, const wengert::Loss& loss,
                  const wengert::data::Dataset& batch, const std::string& when) const {
    wengert::Tape tape;
    const auto run = wengert::unroll(module, wengert::transpose(tape.input(batch.inputs), 0, 1));
    const auto targets = wengert::transpose(wengert::Var(batch.targets), 0, 1).value();
    const auto losses = wengert::step_losses(loss, run.y, targets);
    show(wengert::gradflow::study(tape, run.h, losses.values, {.title = title(when)}), when);
  }
};
