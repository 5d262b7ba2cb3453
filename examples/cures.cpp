// SPDX-License-Identifier: MIT
// What the cures against vanishing and exploding gradients do to recurrent nets: each net, and
// below it, indented, the same with one cure. Clipping, Pascanu's regulariser and their controls
// are looked at after some training, the others before any. --report draws the pairs on one page.
#include "cures.h"

#include <cmath>
#include <string>
#include <vector>

#include "options.h"

namespace wg = wengert;

namespace {

constexpr std::size_t batch = 8, inputs = 2, n = 32;
std::size_t steps = 200, iterations = 60;

/// y_t = W_hy h_t is to be 1; the net is cut into pieces of `back` steps unless that is 0.
template <class Cell>
void show(Cures& cures, const std::string& name, const Cell& cell, bool after,
          std::size_t back = 0) {
  wg::Rng rng{2};
  const wg::Linear W_hy{n, 1, rng};
  wg::Tape tape;
  const wg::Var x = tape.input(rng.normal({steps, batch, inputs}));
  std::vector<wg::Var> memories, losses;
  auto state = cell.initial(wg::select(x, 0, 0));
  double sum = 0;
  for (std::size_t t = 0; t < steps; ++t) {
    if (back != 0 && t % back == 0)
      wg::for_each_part(
          state, [&](const std::string&, wg::Var& part) { part = tape.input(part.value()); });
    state = cell(wg::select(x, 0, static_cast<std::int64_t>(t)), state);
    memories.push_back(memory(state));
    losses.push_back(wg::mean(wg::square(W_hy(*wg::hidden_of(state)) - 1)));
    sum += losses.back().item();
  }
  const auto study = wg::gradflow::study(tape, memories, losses, {.jacobians = false});
  const double loss = sum / static_cast<double>(steps);
  after ? cures.after(name, study, loss) : cures.before(name, study, loss);
}

/// Gradient descent on the mean of the same losses, with W_hy as it is.
wg::RnnCell trained(wg::RnnCell cell, double rate, double clip, double weight = 0,
                    wg::PascanuOptions::Variant variant = {}) {
  wg::Rng rng{2};
  const wg::Linear W_hy{n, 1, rng};
  const wg::Tensor x = rng.normal({steps, batch, inputs});
  wg::Sgd sgd{{.rate = rate}};
  sgd.clip({.norm = clip, .skip_nonfinite = true});
  for (std::size_t i = 0; i < iterations; ++i) {
    wg::Tape tape;
    const wg::Var in = tape.input(x);
    const auto run = wg::unroll(cell, in, {.fused = false});
    wg::Var loss = wg::mean(wg::square(W_hy(wg::stack(run.h)) - 1));
    if (weight > 0) loss = loss + weight * wg::pascanu(cell, in, run.h, loss, {.variant = variant});
    sgd.update(cell, tape.backward(loss));
  }
  return cell;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Cures for vanishing and exploding gradients, before and after");
  std::string page;
  app.add_option("--report", page, "draws the pairs: one page, NAME.html");
  const Options options =
      parse(argc, argv, app, {.seed = 1}, {"--data", "--epochs", "--batch", "--rate", "--resume"});
  if (options.quick) steps = 20, iterations = 3;
  wg::Rng rng{options.seed};
  Cures cures;
  const auto net = [&](const char* name, const auto& cell) { show(cures, name, cell, false); };
  const auto cure = [&](const char* name, const auto& cell, std::size_t back = 0) {
    show(cures, name, cell, true, back);
  };
  const auto gaussian = wg::init::normal(0, 1 / std::sqrt(double{n}));
  using wg::Activation, wg::RnnCell, wg::LstmCell, wg::GruCell;
  using Variant = wg::PascanuOptions::Variant;
  const RnnCell tanh{inputs, n, rng, {.recurrent = gaussian}};
  const RnnCell strong{inputs, n, rng, {.recurrent = wg::init::scaled(gaussian, 2)}};
  const RnnCell weak{inputs, n, rng, {.recurrent = wg::init::scaled(gaussian, 0.7)}};
  net("tanh, Gaussian W_hh", tanh);
  cure("orthogonal W_hh", RnnCell{inputs, n, rng});
  cure("orthogonal, inputs a tenth",
       RnnCell{inputs, n, rng, {.input = wg::init::scaled(wg::init::glorot_uniform, 0.1)}});
  cure("residual", ResidualCell{tanh});
  cure("residual, a tenth of the change", ResidualCell{tanh, 0.1});
  cure("layer norm", wg::NormalisedCell{tanh, n});
  cure("GRU", GruCell{inputs, n, rng});
  cure("LSTM, forget bias 0", LstmCell{inputs, n, rng, {.forget_bias = 0}});
  cure("cut every 50 steps", tanh, 50);
  cure("cut every 10 steps", tanh, 10);
  net("relu, Gaussian W_hh",
      RnnCell{inputs, n, rng, {.activation = Activation::relu, .recurrent = gaussian}});
  const RnnCell identity{
      inputs, n, rng, {.activation = Activation::relu, .recurrent = wg::init::identity}};
  cure("identity W_hh", identity);
  net("GRU", GruCell{inputs, n, rng});
  cure("bias 3 for keeping", GruCell{inputs, n, rng, {.keep_bias = 3}});
  net("LSTM, forget bias 0", LstmCell{inputs, n, rng, {.forget_bias = 0}});
  cure("forget bias 1", LstmCell{inputs, n, rng});
  cure("forget bias 3", LstmCell{inputs, n, rng, {.forget_bias = 3}});
  cure("chrono up to all steps", LstmCell{inputs, n, rng, {.chrono = static_cast<double>(steps)}});
  net("tanh, Gaussian W_hh times 2", strong);
  cure("layer norm", wg::NormalisedCell{strong, n});
  constexpr double off = std::numeric_limits<double>::infinity();
  net("relu, identity, after descent", trained(identity, 1e-3, off));
  cure("after clipped descent", trained(identity, 1e-3, 1));
  net("Gaussian times 0.7, after descent", trained(weak, 0.1, 1));
  cure("with Pascanu's, immediate", trained(weak, 0.1, 1, 0.1, Variant::immediate));
  cure("with Pascanu's, full", trained(weak, 0.1, 1, 0.1, Variant::full));

  const wg::Linear W_hy{n, 1, rng};
  const wg::Var x(rng.normal({steps, batch, inputs}));
  wg::print("\n{:34}  {:>8}  {:>17}", "tanh, Gaussian W_hh: dL/dW", "cosine", "norm / full norm");
  for (const std::size_t back :
       {std::size_t{2}, std::size_t{10}, std::min<std::size_t>(50, steps)}) {
    const auto error = wg::truncation_error(
        tanh, x, wg::Var(wg::zeros({batch, n})), {.every = back, .back = back},
        [&](const wg::Var& h, std::size_t) { return wg::mean(wg::square(W_hy(h) - 1)); });
    wg::print("{:34}  {:8.3f}  {:17.3f}", wg::format("  cut every {} steps", back), error.cosine,
              error.truncated_norm / error.full_norm);
  }
  if (!page.empty()) cures.write(page);
}
