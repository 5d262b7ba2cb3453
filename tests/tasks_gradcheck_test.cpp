// SPDX-License-Identifier: MIT
// Every cell, under the losses of the tasks, against the gradient checker: of one step and of many,
// padded or not, as a whole sequence and step by step.
#include <string>
#include <vector>

#include <wengert/wengert.h>

#include "catch.h"
#include "nn/lengths.h"

using namespace wengert;

namespace {

constexpr std::size_t in = 2, n = 3, classes = 3, batch = 3;

/// A number from the last step, or a class at every step.
template <class Module>
void check_cell(const std::string& name, const Module& cell, const CheckOptions& options = {}) {
  Rng rng{7};
  const Linear number{n, 1, rng}, logits{n, classes, rng};
  const Tensor target = rng.normal({batch, 1});
  for (const std::size_t steps : checked_lengths) {
    const Tensor x = rng.normal({steps, batch, in});
    const Tensor symbols = rng.integers(0, classes, {steps, batch});
    const std::vector<std::size_t> lengths{steps, 1, (steps + 1) / 2};
    for (const bool padded : {false, true}) {
      const Tensor mask = padded ? sequence_mask(lengths) : Tensor();
      const auto last = [&](const Var& sequence) {
        const auto run = unroll(cell, sequence, {.mask = mask});
        return mse(number(*hidden_of(run.last)), Var(target.to(sequence.dtype())));
      };
      const auto every = [&](const Var& sequence) {
        const auto run = unroll(cell, sequence, {.mask = mask, .fused = false});
        std::vector<Var> outputs;
        for (const Var& y : run.y) outputs.push_back(logits(y));
        return reduce(step_losses(cross_entropy, outputs, symbols, mask));
      };
      INFO(name << ", " << steps << " steps" << (padded ? ", padded" : ""));
      const CheckReport of_last = gradcheck(last, x, options);
      INFO(to_string(of_last));
      CHECK(of_last.agrees());
      const CheckReport of_every = gradcheck(every, x, options);
      INFO(to_string(of_every));
      CHECK(of_every.agrees());
    }
  }
}

}  // namespace

TEST_CASE("the tasks' simple nets have the gradient they claim in 1, 2, 5 and 20 steps") {
  Rng rng{1};
  check_cell("tanh", RnnCell{in, n, rng});
  check_cell("relu", RnnCell{in, n, rng, {.activation = Activation::relu}});
  check_cell("sigmoid", RnnCell{in, n, rng, {.activation = Activation::sigmoid}});
  check_cell("linear", RnnCell{in, n, rng, {.activation = Activation::identity}});
  check_cell("irnn",
             RnnCell{in, n, rng, {.activation = Activation::relu, .recurrent = init::identity}});
  check_cell("independent", IndRnnCell{in, n, rng});
  check_cell("reflections", OrthogonalRnnCell{in, n, rng});
  check_cell("sparse", SparseRnnCell{in, n, 0.5, rng});
}

TEST_CASE("the tasks' gated nets have the gradient they claim in 1, 2, 5 and 20 steps") {
  Rng rng{2};
  check_cell("lstm", LstmCell{in, n, rng});
  using Reset = GruCell::Reset;
  using Update = GruCell::Update;
  for (const Reset reset : {Reset::after, Reset::before})
    for (const Update update : {Update::keeps, Update::renews})
      check_cell("gru", GruCell{in, n, rng, {.reset = reset, .update = update}});
  check_cell("minimal", MinimalGatedCell{in, n, rng});
}
