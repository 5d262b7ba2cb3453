// SPDX-License-Identifier: MIT
// A generative adversarial net as on the slide: one recording, two losses, nothing detached. The
// discriminator's pass asks for its own parameters only, the generator's for its own; the tape
// holds the values it recorded, so the second loss sees the discriminator as it was before its
// update.
#include <CLI/CLI.hpp>

#include <wengert/wengert.h>
namespace wg = wengert;

int main(int argc, char** argv) {
  CLI::App app("A GAN learns the normal distribution with mean 3 and deviation 0.5");
  int steps = 3000;
  bool quick = false;
  app.add_option("--steps", steps, "training steps")->capture_default_str();
  app.add_flag("--quick", quick, "a few steps only");
  CLI11_PARSE(app, argc, argv);
  if (quick) steps = 50;

  wg::Rng rng{1};
  wg::Sequential G{wg::Linear{4, 32, rng}, wg::silu, wg::Linear{32, 1, rng}};
  wg::Sequential D{wg::Linear{1, 32, rng}, wg::silu, wg::Linear{32, 1, rng}};
  wg::Adam adam_g{{.rate = 5e-4, .beta1 = 0.5}}, adam_d{{.rate = 3e-3, .beta1 = 0.5}};
  for (int step = 1; step <= steps; ++step) {
    const auto real = 3 + 0.5 * rng.normal({128, 1});
    wg::Tape tape;
    const auto fake = G(tape.input(rng.normal({128, 4})));
    const auto d_loss = -wg::mean(wg::log_sigmoid(D(tape.input(real))) + wg::log_sigmoid(-D(fake)));
    const auto g_loss = -wg::mean(wg::log_sigmoid(D(fake)));  // the non-saturating change
    adam_d.update(D, tape.backward(d_loss, wg::parameters(D)));
    adam_g.update(G, tape.backward(g_loss, wg::parameters(G)));
    if (step % (steps / 5) == 0)
      wg::print(
          "step {:4}  D {:.3f} (equilibrium 1.386)  G {:.3f} (0.693)  mean {:.2f}  deviation "
          "{:.2f}",
          step, d_loss, g_loss, wg::mean(fake), wg::std(fake));
  }
}
