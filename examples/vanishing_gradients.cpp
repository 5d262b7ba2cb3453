// SPDX-License-Identifier: MIT
// The lecture's page on vanishing gradients in one program: the same random sequence through six
// recurrent nets with a loss at every step, and how far back each loss's gradient reaches. Leaves
// the credit matrices side by side (credit.svg) and a page for each net.
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <wengert/wengert.h>

#include "options.h"

namespace wg = wengert;

namespace {

constexpr std::size_t batch = 8, inputs = 2, units = 32;

/// What remembers: h, and of an LSTM c.
const wg::Var& memory(const wg::Var& h) { return h; }
const wg::Var& memory(const wg::LstmState& state) { return state.c; }

/// y_t = W_hy h_t is to be 1 at every step; nothing is trained.
template <class Cell>
wg::gradflow::Study study(const char* name, const Cell& cell, const wg::Tensor& x) {
  wg::Rng rng{2};
  const wg::Linear W_hy{units, 1, rng};
  wg::Tape tape;
  const auto run = wg::unroll(cell, tape.input(x), {.fused = false});
  std::vector<wg::Var> memories, losses;
  for (const auto& state : run.states) memories.push_back(memory(state));
  for (const wg::Var& h : run.h) losses.push_back(wg::mean(wg::square(W_hy(h) - 1)));
  return wg::gradflow::study(tape, memories, losses, {.title = name});
}

}  // namespace

int main(int argc, char** argv) {
  const Options options =
      parse(argc, argv, "Where the gradient of six recurrent nets goes", {.seed = 1},
            {"--data", "--epochs", "--batch", "--rate", "--resume"});
  const std::size_t steps = options.quick ? 20 : 100;
  wg::Rng rng{options.seed};
  const wg::Tensor x = rng.normal({steps, batch, inputs});
  const auto gaussian = wg::init::normal(0, 1 / std::sqrt(double{units}));
  using wg::Activation, wg::RnnCell;
  const std::vector<wg::gradflow::Study> studies{
      study("sigmoid",
            RnnCell{inputs, units, rng, {.activation = Activation::sigmoid, .recurrent = gaussian}},
            x),
      study("tanh",
            RnnCell{inputs, units, rng, {.activation = Activation::tanh, .recurrent = gaussian}},
            x),
      study("relu",
            RnnCell{inputs, units, rng, {.activation = Activation::relu, .recurrent = gaussian}},
            x),
      study("tanh, orthogonal", RnnCell{inputs, units, rng}, x),
      study("LSTM (c), forget bias 3", wg::LstmCell{inputs, units, rng, {.forget_bias = 3}}, x),
      study("GRU", wg::GruCell{inputs, units, rng}, x)};

  wg::Figure figure{
      .title = "Which loss depends on which state", .panel_width = 400, .panel_height = 360};
  wg::print("{:24}  {:>13}  {:>10}  {:>15}", "net", "factor a step", "half-life", "1 % left after");
  for (const auto& net : studies) {
    const auto half_life = net.lags.half_life();
    const auto horizon = net.lags.horizon(0.01);
    wg::print("{:24}  {:13.3f}  {:>10}  {:>15}", net.title, std::exp(net.lags.log_factor),
              half_life ? fmt::format("{:.2f}", *half_life) : "grows",
              horizon ? fmt::format("{}", *horizon) : fmt::format("> {}", steps - 1));
    figure.panels.push_back(wg::gradflow::credit_panel(net));
    figure.panels.back().map->low = -12;  // one scale for all
    figure.panels.back().map->high = 0;
  }
  for (const auto& net : studies) wg::print("\n{}: {}.", net.title, net.verdict());
  wg::write_figure(figure, "credit.svg");
  for (std::size_t k = 0; k < studies.size(); ++k)
    studies[k].report("net" + std::to_string(k) + ".html");
}
