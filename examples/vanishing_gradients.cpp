// SPDX-License-Identifier: MIT
// The lecture's page on vanishing gradients in one program: the same random sequence through six
// recurrent nets, each with a loss at every step, and how far back each loss's gradient reaches.
#include <cmath>

#include <wengert/wengert.h>

#include "options.h"

namespace wg = wengert;

namespace {

constexpr std::size_t steps = 100, batch = 8, inputs = 2, units = 32;

template <class Cell>
wg::gradflow::Study study(const char* name, const Cell& cell, const wg::Tensor& x) {
  wg::Rng rng{2};
  const wg::Linear W_hy{units, 1, rng};
  wg::Tape tape;
  const auto run = wg::unroll(cell, tape.input(x), {.fused = false});
  std::vector<wg::Var> losses;
  for (const wg::Var& h : run.h) losses.push_back(wg::mean(wg::square(W_hy(h) - 1)));
  auto study = wg::gradflow::study(tape, run.h, losses, {.title = name});
  wg::print("{}: {}.", name, study.verdict());
  return study;
}

}  // namespace

int main() {
  wg::Rng rng{1};
  const wg::Tensor x = rng.normal({steps, batch, inputs});
  const auto gaussian = wg::init::normal(0, 1 / std::sqrt(double{units}));
  using wg::Activation;
  const std::vector<wg::gradflow::Study> studies{
      study("sigmoid", wg::RnnCell{inputs, units, rng, {.activation = Activation::sigmoid, .recurrent = gaussian}}, x),
      study("tanh", wg::RnnCell{inputs, units, rng, {.recurrent = gaussian}}, x),
      study("relu", wg::RnnCell{inputs, units, rng, {.activation = Activation::relu, .recurrent = gaussian}}, x),
      study("orthogonal", wg::RnnCell{inputs, units, rng}, x),
      study("LSTM", wg::LstmCell{inputs, units, rng, {.forget_bias = 3}}, x),
      study("GRU", wg::GruCell{inputs, units, rng}, x)};
}
