// SPDX-License-Identifier: MIT
// What looking at a gradient's way through time costs.
#include <algorithm>
#include <string>
#include <vector>

#include <wengert/wengert.h>

#include "problem.h"
#include "workloads.h"

namespace bench {
namespace {

using namespace wengert;

/// A cell over random inputs with a loss a step, as the lecture has it.
template <class Cell>
struct Unrolling {
  Unrolling(const Cell& cell, std::size_t steps, std::size_t batch) {
    Rng rng{2};
    const Linear readout{64, 1, rng};
    h = unroll(cell, tape.input(rng.normal({steps, batch, 2})), {.fused = false}).h;
    for (const Var& state : h) losses.push_back(mean(square(readout(state) - 1)));
  }
  Tape tape;
  std::vector<Var> h, losses;
};

double best_of(const Options& options, const Step& step) {
  double best = seconds_of(step);
  for (int i = 1; i < std::min(options.repetitions, 5); ++i)
    best = std::min(best, seconds_of(step));
  return best;
}

template <class Cell>
std::vector<Result> credit_of(const std::string& name, const Cell& cell, std::size_t steps,
                              std::size_t batch, const Options& options) {
  const Unrolling<Cell> run(cell, steps, batch);
  return {
      figure("gradflow/credit " + name, "ms",
             1e3 * best_of(options, [&] { keep(gradflow::credit(run.tape, run.h, run.losses)); }))};
}

/// D1 and D8 in a training step: the states' cotangents are asked for beside the parameters', and
/// looked at. Asked for: under 5 %.
std::vector<Result> watching(const Options& options) {
  Rng rng{1};
  RnnCell cell{2, 64, rng};
  Linear readout{64, 1, rng};
  const Tensor x = rng.normal({100, 32, 2});
  Adam adam;
  const auto train = [&](bool watched) {
    return [&, watched] {
      Tape tape;
      const auto run = unroll(cell, tape.input(x), {.fused = false});
      const Var loss = mean(square(readout(run.last) - 1));
      const auto list = parameters(cell);
      if (watched) {
        const Gradients gradients = tape.backward(loss, wrt(list, run.h));
        keep(gradflow::flow(gradients, run.h));
        keep(gradflow::saturated_share(run.h, cell.activation));
        adam.update(cell, gradients);
      } else {
        adam.update(cell, tape.backward(loss, wrt(list)));
      }
    };
  };
  std::vector<double> plain, watched;
  for (int i = 0; i < 9 * std::max(1, std::min(options.repetitions, 5)); ++i) {
    plain.push_back(seconds_of(train(false), 5) / 5);
    watched.push_back(seconds_of(train(true), 5) / 5);
  }
  const double without = quartiles(plain).median, with = quartiles(watched).median;
  return {figure("gradflow/watch, a step without", "us", 1e6 * without),
          figure("gradflow/watch, looked at each step", "%", 100 * (with / without - 1))};
}

}  // namespace

Group gradient_flow() {
  return {"gradient flow",
          1,
          {{"gradflow/credit rnn64 T200 B1",
            {},
            {},
            [](const Options& o) {
              Rng rng{1};
              return credit_of("rnn64 T200 B1", RnnCell{2, 64, rng}, 200, 1, o);
            }},
           {"gradflow/credit rnn64 T200 B16",
            {},
            {},
            [](const Options& o) {
              Rng rng{1};
              return credit_of("rnn64 T200 B16", RnnCell{2, 64, rng}, 200, 16, o);
            }},
           {"gradflow/credit lstm64 T200 B1",
            {},
            {},
            [](const Options& o) {
              Rng rng{1};
              return credit_of("lstm64 T200 B1", LstmCell{2, 64, rng}, 200, 1, o);
            }},
           {"gradflow/watch", {}, {}, watching}}};
}

}  // namespace bench
