// SPDX-License-Identifier: MIT
// What the cures against vanishing and exploding gradients do to one recurrent net, before
// training: half-life and horizon of its gradient, and what share of the activations is saturated.
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <wengert/wengert.h>

#include "options.h"

namespace wg = wengert;

namespace {

constexpr std::size_t batch = 8, inputs = 2, n = 32;
std::size_t steps = 200;

/// What remembers: h, and of an LSTM c.
const wg::Var& memory(const wg::Var& h) { return h; }
const wg::Var& memory(const wg::LstmState& state) { return state.c; }

template <class Cell>
void row(const char* cure, const Cell& cell, bool last = false) {
  wg::Rng rng{2};
  const wg::Linear W_hy{n, 1, rng};
  wg::Tape tape;
  const auto run =
      wg::unroll(cell, tape.input(rng.normal({steps, batch, inputs})), {.fused = false});
  std::vector<wg::Var> memories, losses;
  for (const auto& state : run.states) memories.push_back(memory(state));
  for (const wg::Var& h : run.h) losses.push_back(wg::mean(wg::square(W_hy(h) - 1)));
  const auto study = wg::gradflow::study(tape, memories, losses, {.jacobians = false});
  const auto half_life = study.lags.half_life();
  const auto horizon = study.lags.horizon(0.01);
  wg::print("{:34}  {:8.3f}  {:>9}  {:>8}  {:9.0f} %", cure, std::exp(study.lags.log_factor),
            half_life ? fmt::format("{:.1f}", *half_life) : "grows",
            horizon ? fmt::format("{}", *horizon) : fmt::format("> {}", steps - 1),
            100 * study.saturation.share);
  if (last) study.report("cures.html");
}

}  // namespace

int main(int argc, char** argv) {
  const Options options =
      parse(argc, argv, "Cures for vanishing gradients, before and after", {.seed = 1},
            {"--data", "--epochs", "--batch", "--rate", "--resume"});
  if (options.quick) steps = 20;
  wg::Rng rng{options.seed};
  const auto gaussian = wg::init::normal(0, 1 / std::sqrt(double{n}));
  using wg::Activation, wg::RnnCell, wg::LstmCell, wg::GruCell;
  wg::print("{:34}  {:>8}  {:>9}  {:>8}  {:>11}", "", "factor", "half-life", "horizon",
            "saturated");
  wg::print("{:34}  {:>8}  {:>9}  {:>8}", "", "a step", "/ steps", "(1 %)");
  row("sigmoid, Gaussian W_hh",
      RnnCell{inputs, n, rng, {.activation = Activation::sigmoid, .recurrent = gaussian}});
  row("tanh, Gaussian W_hh", RnnCell{inputs, n, rng, {.recurrent = gaussian}});
  row("tanh, Gaussian W_hh times 2",
      RnnCell{inputs, n, rng, {.recurrent = wg::init::scaled(gaussian, 2)}});
  row("  normalised",
      wg::NormalisedCell{RnnCell{inputs, n, rng, {.recurrent = wg::init::scaled(gaussian, 2)}}, n});
  row("tanh, orthogonal W_hh", RnnCell{inputs, n, rng});
  row("  inputs a tenth as strong",
      RnnCell{inputs, n, rng, {.input = wg::init::scaled(wg::init::glorot_uniform, 0.1)}});
  row("relu, identity W_hh",
      RnnCell{inputs, n, rng, {.activation = Activation::relu, .recurrent = wg::init::identity}});
  row("GRU", GruCell{inputs, n, rng});
  row("GRU, bias 3 for keeping", GruCell{inputs, n, rng, {.keep_bias = 3}});
  row("LSTM, forget bias 1", LstmCell{inputs, n, rng});
  row("LSTM, forget bias 3", LstmCell{inputs, n, rng, {.forget_bias = 3}});
  row("LSTM, chrono up to all steps",
      LstmCell{inputs, n, rng, {.chrono = static_cast<double>(steps)}}, true);
}
