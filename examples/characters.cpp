// SPDX-License-Identifier: MIT
// A net that reads a text character by character and says at each what comes next; then it writes.
// Gradients look back one chunk of 64 characters, the state is carried on from chunk to chunk.
#include <numbers>

#include <wengert/wengert.h>

#include "gradient_page.h"
#include "options.h"
#include "text.h"
namespace wg = wengert;

int main(int argc, char** argv) {
  CLI::App app("A net learns to write");
  const GradientPages pages(app);
  std::string path;
  std::size_t units = 128, length = 300;
  double temperature = 0.7;
  app.add_option("text", path, "file to learn from in place of the manuals")
      ->check(CLI::ExistingFile);
  app.add_option("--units", units, "of the cell")->check(CLI::Range(1, 4096));
  app.add_option("--length", length, "of the sample")->check(CLI::Range(1, 100000));
  app.add_option("--temperature", temperature, "of the sample")->check(CLI::PositiveNumber);
  const auto options =
      parse(argc, argv, app, {.epochs = 15, .batch = 16, .rate = 4e-3}, {"--data", "--resume"});
  std::string text = path.empty() ? manuals() : text_of(path);
  if (options.quick) text.resize(std::min<std::size_t>(text.size(), 30000));
  const Lanes data(text, options.batch, 64);
  const std::size_t symbols = data.alphabet.size();
  const auto bits = [](const wg::Var& nats) { return nats.item() / std::numbers::ln2; };
  wg::Rng rng{options.seed};
  wg::Stacked model{wg::GruCell{symbols, units, rng}, wg::Linear{units, symbols, rng}};
  const auto& cell = model.get<0>();
  const auto& readout = model.get<1>();

  pages.show_steps(model, wg::cross_entropy, data.sequences(0, 2), "before");
  wg::Adam adam{{.rate = options.rate}};
  adam.clip({.norm = 1});
  wg::Var state;
  for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
    const auto now = std::int64_t(epoch), all = std::int64_t(options.epochs);
    adam.set_rate(wg::CosineDecay{}(options.rate, {.step = now, .epochs = all}));
    state = cell.initial(data.inputs(0)[0]);
    double sum = 0;
    for (std::size_t k = 0; k < data.training; ++k) {
      wg::Tape tape;
      const auto run = wg::unroll(cell, tape.input(data.inputs(k)), state, {.lists = false});
      // A loss at each step of each lane, and their mean.
      const auto loss = wg::cross_entropy(readout(run.sequence), data.targets(k));
      adam.update(model, tape.backward(loss));
      state = wg::detached(run.last);
      sum += bits(loss) / double(data.training);
    }
    wg::print("epoch {:3}  {:.3f} bits a character", epoch + 1, sum);
  }
  pages.show_steps(model, wg::cross_entropy, data.sequences(0, 2), "after");

  std::vector<double> net;
  for (std::size_t k = data.training; k < data.chunks; ++k) {
    const auto run = wg::unroll(cell, data.inputs(k), state, {.lists = false});
    state = run.last;
    net.push_back(bits(wg::cross_entropy(readout(run.sequence), data.targets(k))));
  }
  wg::print("unseen text, bits a character: frequencies {}, after one character {}, net {}\n",
            wg::mean_of(data.bits_by_counts(0)), wg::mean_of(data.bits_by_counts(1)),
            wg::mean_of(net));

  std::string sample;
  const auto next = [&](const wg::Var& logits) -> wg::Var {
    const std::size_t drawn = drawn_from(logits, temperature, rng);
    sample += data.alphabet[drawn];
    return wg::one_hot(wg::labels({std::int64_t(drawn)}), symbols);
  };
  const wg::Tensor first = data.inputs(0)[0].rows(0, 1);
  wg::generate(model, first, model.initial(first), length + 1, next);
  wg::print("{}", sample);
}
