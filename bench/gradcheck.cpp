// SPDX-License-Identifier: MIT
// What a gradient check costs, in forward passes of the checked model.
#include <algorithm>

#include <wengert/gradcheck/gradcheck.h>
#include <wengert/wengert.h>

#include "problem.h"
#include "workloads.h"

namespace bench {
namespace {

using namespace wengert;

/// Median seconds of `step`, each sample at least a hundredth of a second long.
double median_seconds(const Step& step, const Options& options) {
  const int calls = std::max(1, static_cast<int>(0.01 / std::max(seconds_of(step), 1e-7)));
  std::vector<double> samples;
  for (int i = 0; i < std::min(options.repetitions, 5); ++i)
    samples.push_back(seconds_of(step, calls) / calls);
  return quartiles(samples).median;
}

/// Three directions through 218,192 parameters: asked for are 20 forward passes and one backward.
/// Moving the parameters costs the same for any batch, so that it weighs most where the batch is
/// small.
std::vector<Result> directions_of_autoencoder(std::size_t batch, const Options& options) {
  Rng rng{1};
  const Mlp net{{784, 128, 64, 128, 784}, relu, rng};
  const Tensor x = rng.uniform({batch, 784});
  Tape tape;
  const Var loss = mse(net(tape.input(x)), x);
  const Tape wide = tape.replayed({}, f64);
  const Var wide_loss = wide.counterpart(loss);
  const CheckOptions three{.coordinates = 0,
                           .repeatability = false,
                           .adjoint = false,
                           .nodes = false,
                           .precision = false};
  const double forward = median_seconds([&] { keep(wide.replay(wide_loss)); }, options);
  const double backward = median_seconds([&] { keep(wide.backward(wide_loss)); }, options);
  const double check = median_seconds([&] { keep(check_tape(tape, loss, three)); }, options);
  const std::string name = "gradcheck/ae" + std::to_string(batch);
  return {figure(name + ", forward in float64", "ms", 1e3 * forward),
          figure(name + ", three directions", "ms", 1e3 * check),
          figure(name + ", three directions less a backward", "forwards",
                 (check - backward) / forward)};
}

std::vector<Result> all_tiers_of_autoencoder(const Options&) {
  Rng rng{1};
  const Mlp net{{784, 128, 64, 128, 784}, relu, rng};
  const Tensor x = rng.uniform({32, 784});
  Tape tape;
  const Var loss = mse(net(tape.input(x)), x);
  return {
      figure("gradcheck/ae32, all tiers", "s", seconds_of([&] { keep(check_tape(tape, loss)); }))};
}

/// T5 over an unrolled tanh RNN of about 600 nodes: asked for is a second.
std::vector<Result> walk_of_600_nodes(const Options&) {
  Rng rng{1};
  const Linear input{8, 32, rng}, recurrent{32, 32, rng};
  const Tensor x = rng.normal({150, 4, 8});
  Tape tape;
  const Var xs = tape.input(x);
  Var h = tape.input(zeros({4, 32}));
  for (std::int64_t t = 0; t < 150; ++t) h = tanh(input(select(xs, 0, t)) + recurrent(h));
  const Var loss = mean(square(h));
  const CheckOptions walk{.directions = 0,
                          .coordinates = 0,
                          .repeatability = false,
                          .adjoint = false,
                          .precision = false};
  const double seconds = seconds_of([&] { keep(check_tape(tape, loss, walk)); });
  return {figure("gradcheck/walk, nodes", "nodes", static_cast<double>(tape.size())),
          figure("gradcheck/walk", "s", seconds)};
}

}  // namespace

Group gradient_checks() {
  return {"gradient checks",
          1,
          {{"gradcheck/ae32",
            {},
            {},
            [](const Options& o) { return directions_of_autoencoder(32, o); }},
           {"gradcheck/ae100",
            {},
            {},
            [](const Options& o) { return directions_of_autoencoder(100, o); }},
           {"gradcheck/ae1000",
            {},
            {},
            [](const Options& o) { return directions_of_autoencoder(1000, o); }},
           {"gradcheck/ae32 all", {}, {}, all_tiers_of_autoencoder},
           {"gradcheck/walk", {}, {}, walk_of_600_nodes}}};
}

}  // namespace bench
