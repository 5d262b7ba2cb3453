// SPDX-License-Identifier: MIT
// A generative adversarial net on a ring of eight Gaussians, minimax as on the slide or with the
// non-saturating change: one recording, two losses, nothing detached. The tape holds what it
// recorded, so the generator's loss sees the discriminator as it was before its update.
#include <numbers>

#include <wengert/figures/figure.h>
#include <wengert/wengert.h>

#include "options.h"
namespace wg = wengert;

/// n points on eight Gaussians of width 0.1 around the circle of radius 2: [n, 2].
wg::Tensor ring(std::size_t n, wg::Rng& rng) {
  const auto angle = wg::cast(rng.integers(0, 8, {n, 1}), wg::f32) * (std::numbers::pi / 4);
  return (2 * wg::concat({wg::cos(angle), wg::sin(angle)}, 1) + 0.1 * rng.normal({n, 2})).value();
}

wg::Series points(std::string name, const wg::Tensor& xy) {
  wg::Series series{.name = std::move(name), .style = wg::Series::Style::points};
  for (std::size_t i = 0; i < xy.shape()[0]; ++i) {
    series.x.push_back(xy.at({i, 0}));
    series.y.push_back(xy.at({i, 1}));
  }
  return series;
}

int main(int argc, char** argv) {
  CLI::App app("A GAN learns a ring of eight Gaussians");
  bool minimax = false;
  app.add_flag("--minimax", minimax, "the generator's loss as on the slide");
  const Options options =
      parse(argc, argv, app, {.epochs = 60, .batch = 256}, {"--data", "--resume"});
  wg::Rng rng{options.seed}, noise{options.seed, 1};
  const wg::Tensor data = ring(25600, rng);
  wg::Mlp G{{2, 64, 64, 2}, wg::relu, rng}, D{{2, 64, 64, 1}, wg::relu, rng};
  wg::Adam adam_g{{.rate = options.rate, .beta1 = 0.5}}, adam_d = adam_g;
  const auto step = [&](const wg::data::Batch& batch) -> wg::StepResult {
    wg::Tape tape;
    const auto fake = G(tape.input(noise.normal({batch.size(), 2})));
    const auto real_logit = D(tape.input(batch.inputs)), fake_logit = D(fake);
    const auto v = wg::mean(wg::log_sigmoid(real_logit)) + wg::mean(wg::log_sigmoid(-fake_logit));
    const auto g_loss = minimax ? v : -wg::mean(wg::log_sigmoid(fake_logit));
    adam_d.update(D, tape.backward(-v, wg::parameters(D)));
    adam_g.update(G, tape.backward(g_loss, wg::parameters(G)));
    return {.loss = -v.item(), .metrics = {{"generator", g_loss.item()}}};
  };
  wg::train({.step = step}, data,
            {.epochs = options.epochs, .batch = options.batch, .seed = options.seed});

  wg::write_figure(
      {.panels = {{.title = minimax ? "minimax" : "non-saturating",
                   .x = {.label = "x", .low = -3, .high = 3},
                   .y = {.label = "y", .low = -3, .high = 3},
                   .series = {points("data", data.rows(0, 1000)),
                              points("generated", G(noise.normal({1000, 2})).value())}}},
       .panel_height = 480},
      "gan.svg");
}
