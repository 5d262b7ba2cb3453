// SPDX-License-Identifier: MIT
// What the programs on the tasks of sequence_tasks.h share: the net, its training, the study of its
// gradient and the command line. Not part of the library.
#pragma once

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <wengert/wengert.h>

#include "sequence_tasks.h"

/// A cell and the lecture's W_hy on its h.
template <class Cell>
struct SequenceNet {
  Cell cell;
  wengert::Linear W_hy;
  static void members(auto& self, auto&& visit) {
    visit("cell", self.cell);
    visit("W_hy", self.W_hy);
  }
};
// Clang 14 deduces nothing for aggregates by itself.
template <class Cell>
SequenceNet(Cell, wengert::Linear) -> SequenceNet<Cell>;

/// The cells by their names; all but those of gates and reflections are RnnCells. Gaussian weights
/// have variance 1/n; irnn is that of Q. Le, N. Jaitly and G. Hinton 2015, the identity for W_hh.
inline const std::vector<std::string> cell_names{"rnn",  "orthogonal", "linear",     "irnn",
                                                 "lstm", "gru",        "reflections"};

/// Calls f with the net of this cell.
template <class F>
auto with_net(const std::string& name, const SequenceTask& task, std::size_t n, wengert::Rng& rng,
              F&& f) {
  using wengert::Activation;
  const auto gaussian = wengert::init::normal(0, 1 / std::sqrt(static_cast<double>(n)));
  const auto rnn = [&](Activation activation, const wengert::init::Initializer& recurrent) {
    return wengert::RnnCell{
        task.inputs, n, rng, {.activation = activation, .recurrent = recurrent}};
  };
  const auto call = [&](auto cell) {
    SequenceNet<decltype(cell)> net{std::move(cell), {n, task.outputs, rng}};
    return f(net);
  };
  if (name == "lstm") return call(wengert::LstmCell{task.inputs, n, rng});
  if (name == "gru") return call(wengert::GruCell{task.inputs, n, rng});
  if (name == "reflections") return call(wengert::OrthogonalRnnCell{task.inputs, n, rng});
  if (name == "orthogonal") return call(rnn(Activation::tanh, wengert::init::orthogonal));
  if (name == "linear") return call(rnn(Activation::identity, wengert::init::orthogonal));
  if (name == "irnn") return call(rnn(Activation::relu, wengert::init::identity));
  return call(rnn(Activation::tanh, gaussian));
}

template <class Cell>
wengert::Var task_loss(const SequenceTask& task, const SequenceNet<Cell>& net,
                       const SequenceBatch& batch, const wengert::Var& x) {
  constexpr bool whole = requires { net.cell.sequence(x, net.cell.initial(x)); };
  const auto run = wengert::unroll(net.cell, x, {.lists = task.every_step && !whole});
  if (!task.every_step) return task.loss(net.W_hy(*wengert::hidden_of(run.last)), batch.targets);
  if constexpr (whole) return task.loss(net.W_hy(run.sequence), batch.targets);
  else return task.loss(net.W_hy(wengert::stack(run.h)), batch.targets);
}

/// How the loss of the last step alone depends on the states before, on a small batch.
template <class Cell>
wengert::gradflow::Study study(const SequenceTask& task, const SequenceNet<Cell>& net,
                               const std::string& title = {}, const std::string& path = {}) {
  wengert::Rng rng{0, 2};
  const SequenceBatch batch = task.draw(8, rng);
  wengert::Tape tape;
  const auto run = wengert::unroll(net.cell, tape.input(batch.x), {.fused = false});
  const wengert::Tensor& all = batch.targets;
  const wengert::Var loss =
      task.loss(net.W_hy(run.h.back()), task.every_step ? all[all.shape()[0] - 1] : all);
  const auto result = wengert::gradflow::study(
      tape, run.h, loss, {.jacobians = !path.empty(), .title = task.name + ", " + title});
  if (!path.empty()) result.report(path);
  return result;
}

struct MeanAndError {
  double mean, error;
};
/// Over seeds: the mean and its standard error.
inline MeanAndError over_seeds(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / (n - 1) / n)};
}

struct TaskOptions {
  std::string cell = "lstm";
  std::size_t length = 100, units = 64, batch = 32, iterations = 3000;
  double rate = 3e-3, clip = 1;
  std::uint64_t seed = 1;
  std::string report = {};  ///< of pages: NAME_before.html, NAME_after.html
  bool sgd = false;         ///< plain gradient descent in place of Adam
  bool quick = false;
  std::string page(const std::string& when) const {
    return report.empty() ? report : report + "_" + when + ".html";
  }
};

/// Reads the command line; a program without one cell or length gives none and is not asked. With
/// --help, or options that make no sense, the program ends here.
inline TaskOptions parse(int argc, char** argv, CLI::App& app, TaskOptions given) {
  app.option_defaults()->always_capture_default();
  if (!given.cell.empty())
    app.add_option("--cell", given.cell, "of the net")->check(CLI::IsMember(cell_names));
  if (given.length != 0)
    app.add_option("--length", given.length, "T of the task")->check(CLI::Range(10, 100000));
  app.add_option("--units", given.units, "of the cell")->check(CLI::Range(1, 4096));
  app.add_option("--batch", given.batch, "sequences a step")->check(CLI::Range(1, 100000));
  app.add_option("--iterations", given.iterations, "steps")->check(CLI::Range(1, 10000000));
  app.add_option("--rate", given.rate, "learning rate")->check(CLI::PositiveNumber);
  app.add_option("--clip", given.clip, "the gradient's norm; 0: not")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--sgd,!--adam", given.sgd, "plain gradient descent");
  app.add_option("--seed", given.seed, "of weights and sequences");
  app.add_option("--report", given.report, "NAME of the pages NAME_before.html, NAME_after.html");
  app.add_flag("--quick", given.quick, "a few steps of short sequences, to see that it runs");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  if (given.quick) given.length = 20, given.iterations = 20, given.units = 8;
  return given;
}

/// Adam or SGD with clipping on fresh sequences in every step; a tenth of the training is a line if
/// asked. `objective(batch, x)` is what is minimised, the task's loss unless something is added to
/// it. Returns the loss of 1000 unseen sequences.
template <class Cell, class Objective>
double learn(const SequenceTask& task, SequenceNet<Cell>& net, const TaskOptions& options,
             bool show, const Objective& objective) {
  wengert::Rng rng{options.seed, 1}, unseen{options.seed, 3};
  wengert::Adam adam{{.rate = options.rate}};
  wengert::Sgd sgd{{.rate = options.rate}};
  wengert::Optimizer& optimizer = options.sgd ? static_cast<wengert::Optimizer&>(sgd) : adam;
  if (options.clip > 0) optimizer.clip({.norm = options.clip, .skip_nonfinite = true});
  const std::size_t tenth = std::max<std::size_t>(options.iterations / 10, 1);
  double sum = 0;
  for (std::size_t i = 1; i <= options.iterations; ++i) {
    const SequenceBatch batch = task.draw(options.batch, rng);
    wengert::Tape tape;
    const wengert::Var loss = objective(batch, tape.input(batch.x));
    optimizer.update(net, tape.backward(loss));
    sum += loss.item();
    if (i % tenth != 0) continue;
    if (show) wengert::print("{:6} {:.5f}", i, sum / static_cast<double>(tenth));
    sum = 0;
  }
  const SequenceBatch test = task.draw(1000, unseen);
  return task_loss(task, net, test, test.x).item();
}
template <class Cell>
double learn(const SequenceTask& task, SequenceNet<Cell>& net, const TaskOptions& options,
             bool show = true) {
  return learn(task, net, options, show, [&](const SequenceBatch& batch, const wengert::Var& x) {
    return task_loss(task, net, batch, x);
  });
}

/// The whole of a program on one task: studies, training, and the result beside the baseline.
inline void run(const SequenceTask& task, const TaskOptions& options) {
  using wengert::print;
  print("{}, T = {}: what remembers nothing has a loss of {:.4f}", task.name, task.length,
        task.baseline);
  wengert::Rng rng{options.seed};
  with_net(options.cell, task, options.units, rng, [&](auto& net) {
    print("before: {}", study(task, net, "before", options.page("before")).verdict());
    const double loss = learn(task, net, options);
    print("after:  {}", study(task, net, "after", options.page("after")).verdict());
    print("{}-{}: {:.5f} on unseen sequences, {:.3g} of the baseline", options.cell, options.units,
          loss, loss / task.baseline);
  });
}
