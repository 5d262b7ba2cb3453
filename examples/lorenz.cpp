// SPDX-License-Identifier: MIT
// Lorenz's equations (1963): a recurrent net learns to look one step ahead along trajectories, then
// runs alone. Whether that is the same chaos its Lyapunov exponents say, beside those of the
// integrator; in the literature they are 0.906, 0 and -14.572.
#include "lorenz.h"

#include <cmath>

#include <wengert/wengert.h>

#include "gradient_page.h"
#include "options.h"
namespace wg = wengert;

int main(int argc, char** argv) {
  CLI::App app("A recurrent net learns Lorenz's equations");
  const GradientPages pages(app);
  std::size_t units = 64;
  app.add_option("--units", units, "of the net")->check(CLI::Range(1, 1000));
  const auto options =
      parse(argc, argv, app, {.epochs = 400, .batch = 20, .rate = 3e-3}, {"--data", "--resume"});
  const std::size_t batch = options.quick ? 160 : 5000, alone = options.quick ? 200 : 5000;
  wg::Rng rng{options.seed};
  // On the attractor after 20 units of time, then kicked off it: how neighbours fall back is what
  // the negative exponent is about, and on the attractor itself there is nothing to learn it from.
  const wg::Tensor centre = wg::tensor({0, 0, 24}, wg::f64);
  const wg::Var begin = centre + 5 * wg::Var(rng.normal({batch, 3}, wg::f64));
  const wg::Var there = lorenz::trajectory(begin, 1000).back();
  const wg::Var kicked = there + 4 * wg::Var(rng.normal({batch, 3}, wg::f64));
  // [batch, steps, 3] in units of about the attractor's width
  const wg::Var paths = (wg::stack(lorenz::trajectory(kicked, 21), 1) - centre) / lorenz::width;
  const auto part = [&](std::int64_t from, std::int64_t to) {
    return wg::slice(paths, 1, from, to).value().to(wg::f32);
  };
  const wg::data::Dataset all{part(0, 20), part(1, 21)};
  const auto train = all.rows(0, batch * 9 / 10), test = all.rows(batch * 9 / 10, batch);

  const auto weak = wg::init::normal(0, 0.1 / std::sqrt(double(units)));
  wg::Residual model{
      wg::Sequential{wg::Recurrent{wg::RnnCell{3, units, rng, {.recurrent = weak}}, wg::Steps::all},
                     wg::Linear{units, 3, rng}}};
  const auto stepwise = [&] {
    return wg::Residual{wg::Stacked{model.module.get<0>().cell, model.module.get<1>()}};
  };
  pages.show_steps(stepwise(), wg::mse, test.rows(0, 8), "before");
  wg::fit(model, train,
          {.optimizer = wg::Adam{{.rate = options.rate}},
           .epochs = options.epochs,
           .batch = options.batch,
           .schedule = wg::CosineDecay{},
           .seed = options.seed});
  pages.show_steps(stepwise(), wg::mse, test.rows(0, 8), "after");
  const auto rms = [&](const wg::Var& y) {
    return lorenz::width * std::sqrt(wg::mse(y, test.targets).item());
  };
  wg::print("error one step ahead: persistence {:.3f}, net {:.4f}", rms(test.inputs),
            rms(wg::predict(model, test.inputs)));

  wg::to(model, wg::f64);
  const auto net = stepwise();
  lorenz::Exponents equations, own;
  for (std::size_t i = 0; i < 8; ++i) {
    const wg::Tensor start = there.value().rows(i, i + 1);
    wg::Tape tape, other;
    const auto truth = lorenz::trajectory(tape.input(start), alone);
    equations.add(tape, truth);
    const wg::Var x = other.input(((wg::Var(start) - centre) / lorenz::width).value());
    const auto run = wg::generate(net, x, wg::initial_state(net, x), alone);
    own.add(other, run.h);
    if (i > 0) continue;
    const auto path = wg::split(lorenz::width * wg::stack(run.xs) + centre, alone, 0);
    pages.draw(lorenz::attractors(truth, path));
  }
  wg::print("Lyapunov exponents, means over 8 trajectories of {:.0f} units of time",
            double(alone) * lorenz::dt);
  wg::print("equations  {}", equations.text());
  wg::print("net alone  {}", own.text());
}
