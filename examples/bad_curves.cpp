// SPDX-License-Identifier: MIT
// The gallery of horrors: loss curves that went wrong on purpose, and what `diagnose` says of each.
#include <wengert/data/digits.h>
#include <wengert/train/diagnosis.h>

#include "options.h"
#include "pictures.h"
namespace wg = wengert;

struct Horror {
  std::string title;
  wg::AnyOptimizer optimizer = wg::Adam{{.rate = 3e-3}};
  std::size_t epochs = 40, samples = 1000, hidden = 32;
  double dropout = 0, brightness = 1, bias = 0;
  std::int64_t blow = 0;  ///< epoch after which the weights get one
  wg::Loss loss = wg::cross_entropy;
};

int main(int argc, char** argv) {
  const auto options = parse(argc, argv, "Bad loss curves, made on purpose and judged",
                             {.epochs = 100}, {"--data", "--batch", "--rate", "--resume"});
  const auto own = [](const wg::Var& z, const wg::Var& t) {  // 0 log 0 sooner or later
    return -wg::mean(wg::one_hot(t, 10) * wg::log(wg::softmax(z)));
  };
  const std::vector<Horror> horrors{
      {.title = "nothing wrong"},
      {.title = "dead units", .bias = -10},
      {.title = "rate too high", .optimizer = wg::Adam{{.rate = 0.3}}},
      {.title = "rate too low", .optimizer = wg::Adam{{.rate = 3e-5}}, .epochs = 20},
      {.title = "not finished", .optimizer = wg::Sgd{{.rate = 0.05}}, .epochs = 10},
      {.title = "100 samples", .epochs = 100, .samples = 100, .hidden = 128},
      {.title = "darker validation images", .brightness = 0.4},
      {.title = "dropout", .epochs = 60, .hidden = 64, .dropout = 0.5},
      {.title = "a blow after epoch 25", .blow = 25},
      {.title = "log(softmax)", .optimizer = wg::Sgd{{.rate = 200}}, .loss = own}};
  wg::Figure figure;
  for (const Horror& horror : horrors) {
    wg::Rng rng{options.seed};
    const auto [train, rest] = wg::data::split(wg::data::digits(), 0.25, rng);
    wg::Mlp net{{64, horror.hidden, 10}, wg::relu, rng, {.dropout = horror.dropout}};
    net.layers[0].bias.set(wg::full({horror.hidden}, horror.bias));
    const auto strike = [&](const wg::Run& run, const wg::EpochRecord&) {
      if (run.epoch == horror.blow) net.layers[1].weight.set(rng.normal({10, horror.hidden}));
    };
    const auto history =
        wg::fit(net, {train.images.rows(0, horror.samples), train.labels.rows(0, horror.samples)},
                {.loss = horror.loss,
                 .optimizer = horror.optimizer,
                 .epochs = std::min(horror.epochs, options.epochs),
                 .validation = {(horror.brightness * rest.images).value(), rest.labels},
                 .seed = options.seed,
                 .callbacks = {{.after_epoch = strike}},
                 .show = wg::Show::nothing});
    wg::print("== {}\n{}\n", horror.title, wg::diagnose(history));
    figure.panels.push_back(loss_panel(horror.title, history));
  }
  wg::write_figure(figure, "bad_curves.svg");
}
