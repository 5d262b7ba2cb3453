// SPDX-License-Identifier: MIT
// Cell by task by T: loss of unseen sequences beside its baseline, and how far back the gradient of
// the last step reaches after training, over three seeds; task_table.csv has a row a training.
// An empty half-life there is a gradient that does not fall. --figure task_table.svg draws the
// table, --from task_table.csv one that was written before.
#include <fstream>

#include "sequence_net.h"
#include "task_figure.h"
namespace wg = wengert;

namespace {

struct Reach {
  std::optional<double> half_life;
  std::optional<std::size_t> horizon;  ///< the first lag at which 1 % is left
  explicit Reach(const wg::gradflow::Study& study)
      : half_life(study.lags.half_life()), horizon(study.lags.horizon(1e-2)) {}
};

struct Row {
  double loss;
  Reach before, after;
};
Row train(const std::string& cell, const SequenceTask& task, const TaskOptions& options) {
  wg::Rng rng{options.seed};
  return with_net(cell, task, options.units, rng, [&](auto& net) {
    const Reach before(study(task, net));
    const double loss = learn(task, net, options, false);
    return Row{loss, before, Reach(study(task, net))};
  });
}

std::string text(const auto& value) {
  return value ? wg::format("{:.4g}", static_cast<double>(*value)) : "";
}

std::string median(const std::vector<Row>& rows, auto of) {
  std::vector<double> values;
  for (const Row& row : rows)
    values.push_back(static_cast<double>(of(row.after).value_or(1000000)));
  std::ranges::sort(values);
  const double middle = values[values.size() / 2];
  return middle < 1e6 ? wg::format("{:.3g}", middle) : "none";
}

/// Trains all and writes the table.
void write_table(const std::string& path, TaskOptions options, std::size_t seeds) {
  std::ofstream csv(path);
  csv << "cell,task,T,seed,baseline,loss,half_life_before,horizon_before,half_life,horizon\n";
  wg::print("{:<15} {:>4} {:<12} {:>9} {:>19} {:>10} {:>8}", "task", "T", "cell", "baseline",
            "loss", "half-life", "horizon");
  for (const std::size_t T :
       options.quick ? std::vector<std::size_t>{10} : std::vector<std::size_t>{30, 100})
    for (const SequenceTask& task : {adding(T), copy_memory(T), temporal_order(T)})
      for (const char* cell : {"rnn", "orthogonal", "linear", "irnn", "lstm", "gru"}) {
        std::vector<Row> rows;
        std::vector<double> losses;
        for (options.seed = 1; options.seed <= seeds; ++options.seed) {
          const Row row = rows.emplace_back(train(cell, task, options));
          csv << wg::format("{},{},{},{},{:.6f},{:.6g},{},{},{},{}\n", cell, task.name, T,
                            options.seed, task.baseline, row.loss, text(row.before.half_life),
                            text(row.before.horizon), text(row.after.half_life),
                            text(row.after.horizon))
              << std::flush;
          losses.push_back(row.loss);
        }
        const auto [mean, error] = over_seeds(losses);
        wg::print("{:<15} {:>4} {:<12} {:9.4f} {:9.4f} +- {:.4f} {:>10} {:>8}", task.name, T, cell,
                  task.baseline, mean, error,
                  median(rows, [](const Reach& r) { return r.half_life; }),
                  median(rows, [](const Reach& r) { return r.horizon; }));
      }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Loss, half-life and horizon: cell by task by T");
  std::size_t seeds = 3;
  std::string figure, from;
  app.add_option("--seeds", seeds, "trainings of each")->check(CLI::Range(2, 99));
  app.add_option("--figure", figure, "draws the table: NAME.svg");
  app.add_option("--from", from, "a task_table.csv to draw; nothing is trained")
      ->check(CLI::ExistingFile)
      ->needs("--figure");
  TaskOptions given{.cell = "", .length = 0, .units = 32, .batch = 20, .iterations = 2000};
  const TaskOptions options = parse(argc, argv, app, given);
  if (from.empty()) write_table(from = "task_table.csv", options, seeds);
  if (!figure.empty()) {
    const auto table =
        wg::data::read_csv(from, {.missing = wg::data::Missing::nan, .text = {"cell", "task"}});
    wg::write_figure(TaskFigure(table).figure(), figure);
  }
}
