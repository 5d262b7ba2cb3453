// SPDX-License-Identifier: MIT
// Temporal order: which of two symbols came first and which second. A tanh RNN with plain gradient
// descent learns to forget. At T = 30 clipping is enough against that (--length 30), at T = 60 it
// takes Pascanu's regulariser on top, which does not save every seed, and at T = 100 nothing here
// does. The last two columns are what is left of the last step's gradient at the first step.
#include "sequence_net.h"
namespace wg = wengert;

namespace {

using Variant = wg::PascanuOptions::Variant;
struct Cure {
  const char* name;
  double clip, weight;  ///< of the gradient, and of the regulariser
  Variant variant = Variant::full;
};
struct Result {
  double errors, before, after;
};

Result train(const SequenceTask& task, TaskOptions options, double deviation, const Cure& cure) {
  wg::Rng rng{options.seed}, unseen{options.seed, 4};
  const auto normal = wg::init::normal(0, deviation);
  SequenceNet net{
      wg::RnnCell{task.inputs, options.units, rng, {.input = normal, .recurrent = normal}},
      wg::Linear{options.units, task.outputs, rng}};
  const auto left = [&](const std::string& when) {
    return std::exp(study(task, net, when,
                          options.page(wg::format("{}_seed{}_{}", cure.name, options.seed, when)))
                        .lags.median.back());
  };
  const double before = left("before");
  options.clip = cure.clip;
  learn(task, net, options, false, [&](const SequenceBatch& batch, const wg::Var& x) {
    if (cure.weight == 0) return task_loss(task, net, batch, x);
    const auto run = wg::unroll(net.cell, x, {.fused = false});
    const wg::Var loss = task.loss(net.W_hy(run.h.back()), batch.targets);
    const wg::Var omega = wg::pascanu(net.cell, x, run.h, loss, {.variant = cure.variant});
    return loss + cure.weight * omega;
  });
  const SequenceBatch test = task.draw(1000, unseen);
  const auto run = wg::unroll(net.cell, wg::Var(test.x), {.lists = false});
  return {1 - wg::accuracy(net.W_hy(run.last), test.targets).value, before, left("after")};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Temporal order, and what lengthens the reach of a tanh RNN");
  double weight = 1, gain = 1;
  std::uint64_t seeds = 3;
  app.add_option("--weight", weight, "of the regulariser");
  app.add_option("--gain", gain, "of the first weights: standard deviation times sqrt(units)");
  app.add_option("--seeds", seeds, "trainings of each")->check(CLI::Range(2, 99));
  TaskOptions given{.cell = "", .length = 60, .units = 50, .batch = 20, .iterations = 2000};
  given.rate = 0.1;
  given.sgd = true;
  TaskOptions options = parse(argc, argv, app, given);
  const SequenceTask task = temporal_order(options.length);
  const double deviation = gain / std::sqrt(static_cast<double>(options.units));
  wg::print("{}, T = {}: a guess has a loss of {:.4f} and 75 % errors", task.name, task.length,
            task.baseline);
  wg::print("{:<10} {:>18}   {:>8} {:>8}", "", "errors", "before", "after");
  for (const Cure& cure : {Cure{"plain", 0, 0}, Cure{"clipped", options.clip, 0},
                           Cure{"immediate", options.clip, weight, Variant::immediate},
                           Cure{"full", options.clip, weight, Variant::full}}) {
    std::vector<double> errors;
    double before = 0, after = 0;
    const auto n = static_cast<double>(seeds);
    for (std::uint64_t seed = 0; seed < seeds; ++seed, ++options.seed) {
      const Result result = train(task, options, deviation, cure);
      errors.push_back(100 * result.errors);
      before += std::log(result.before) / n, after += std::log(result.after) / n;
    }
    options.seed -= seeds;
    const auto [mean, error] = over_seeds(errors);
    wg::print("{:<10} {:6.1f} +- {:<6.1f} %   {:8.1e} {:8.1e}", cure.name, mean, error,
              std::exp(before), std::exp(after));
  }
}
