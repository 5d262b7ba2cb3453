// SPDX-License-Identifier: MIT
// A physicist's residual: a net u(x) learns to satisfy u'' + u = 0 with u(0) = 0, u'(0) = 1, whose
// solution is sin x. The loss contains the net's own second derivative.
#include <CLI/CLI.hpp>

#include <wengert/wengert.h>
namespace wg = wengert;

int main(int argc, char** argv) {
  CLI::App app("A net that satisfies the equation of the harmonic oscillator");
  int steps = 3000;
  bool quick = false;
  app.add_option("--steps", steps, "training steps")->capture_default_str();
  app.add_flag("--quick", quick, "a few steps only");
  CLI11_PARSE(app, argc, argv);
  if (quick) steps = 30;

  wg::Rng rng{1};
  wg::Sequential net{wg::Linear{1, 32, rng}, wg::tanh, wg::Linear{32, 32, rng}, wg::tanh,
                     wg::Linear{32, 1, rng}};
  const auto u = [&](const wg::Var& x) { return net(x); };
  const auto u_x = wg::derivative(u);
  const auto u_xx = wg::derivative(u_x);

  wg::Adam adam{{.rate = 2e-3}};
  const auto points = wg::linspace(0, 3.14159265, 64).reshape({64, 1});
  for (int step = 0; step < steps; ++step) {
    wg::Tape tape;
    const auto x = tape.input(points), x0 = tape.input(wg::zeros({1, 1}));
    const auto loss = wg::mean(wg::square(u_xx(x) + u(x))) + wg::mean(wg::square(u(x0))) +
                      wg::mean(wg::square(u_x(x0) - 1));
    adam.update(net, tape.backward(loss));
    if (step % (steps / 5) == 0) wg::print("step {:4}  loss {:.2e}", step, loss);
  }
  const auto error = wg::max(wg::abs(u(points) - wg::sin(points)));
  wg::print("largest deviation from sin x on [0, pi]: {:.4f}", error);
}
