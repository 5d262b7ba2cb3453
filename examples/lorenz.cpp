// SPDX-License-Identifier: MIT
// Lorenz's equations (1963): a recurrent net learns to look one step ahead along trajectories, then
// runs alone. Whether that is the same chaos its Lyapunov exponents say, beside those of the
// integrator; in the literature they are 0.906, 0 and -14.572.
#include "lorenz.h"

#include <algorithm>
#include <cmath>

#include <wengert/wengert.h>

#include "gradient_page.h"
#include "options.h"
namespace wg = wengert;

namespace {

void print_exponents(const char* who, const wg::Tape& tape, const std::vector<wg::Var>& states) {
  const auto spectrum = wg::gradflow::lyapunov(tape, states);
  std::string line = wg::format("{:<12}", who);
  for (std::size_t i = 0; i < std::min<std::size_t>(spectrum.exponents.size(), 5); ++i)
    line += "  " + to_string(wg::Estimate{spectrum.exponents[i] / lorenz::dt,
                                          spectrum.errors[i] / lorenz::dt});
  wg::print("{}", line);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A recurrent net learns Lorenz's equations");
  const GradientPages pages(app);
  std::size_t units = 64, window = 50;
  app.add_option("--units", units, "of the net")->check(CLI::Range(1, 1000));
  const auto options =
      parse(argc, argv, app, {.epochs = 60, .batch = 20, .rate = 5e-3}, {"--data", "--resume"});
  const std::size_t batch = options.quick ? 8 : 100, alone = options.quick ? 200 : 2000;
  wg::Rng rng{options.seed};
  // On the attractor after 20 units of time; in units of about its width.
  const wg::Tensor centre = wg::tensor({0, 0, 24}, wg::f64);
  const wg::Var begin = centre + 5 * wg::Var(rng.normal({batch, 3}, wg::f64));
  const auto path = lorenz::trajectory(lorenz::trajectory(begin, 1000).back(), 1001);
  const wg::Tensor all = ((wg::stack(path) - centre) / 8).value();  // [1001, batch, 3]
  const auto cut = [&](std::size_t from) {
    const wg::Var whole = wg::transpose(wg::Var(all.rows(from, from + 1000)), 0, 1);
    return wg::reshape(whole, {-1, window, 3}).value().to(wg::f32);
  };
  const wg::data::Dataset windows{cut(0), cut(1)};
  const std::size_t border = windows.size() * 4 / 5;  // by trajectories
  const auto train = windows.rows(0, border), test = windows.rows(border, windows.size());

  const auto weak = wg::init::normal(0, 0.1 / std::sqrt(double(units)));
  wg::Residual model{
      wg::Sequential{wg::Recurrent{wg::RnnCell{3, units, rng, {.recurrent = weak}}, wg::Steps::all},
                     wg::Linear{units, 3, rng}}};
  const auto stepwise = [&] {
    return wg::Residual{wg::Stacked{model.module.get<0>().cell, model.module.get<1>()}};
  };
  const auto study = [&](const std::string& when) {
    wg::Tape tape;
    const auto x = wg::transpose(tape.input(test.inputs.rows(0, 8)), 0, 1);
    const auto run = wg::unroll(stepwise(), x);
    const auto y = wg::transpose(wg::Var(test.targets.rows(0, 8)), 0, 1).value();
    const auto losses = wg::step_losses(wg::mse, run.y, y);
    pages.show(wg::gradflow::study(tape, run.h, losses.values, {.title = "Lorenz, " + when}), when);
  };
  study("before");
  wg::fit(model, train,
          {.optimizer = wg::Adam{{.rate = options.rate}},
           .epochs = options.epochs,
           .batch = options.batch,
           .schedule = wg::CosineDecay{},
           .seed = options.seed});
  study("after");
  const auto rms = [&](const wg::Var& y) { return 8 * std::sqrt(wg::mse(y, test.targets).item()); };
  wg::print("error one step ahead: persistence {:.3f}, net {:.4f}", rms(test.inputs),
            rms(wg::predict(model, test.inputs)));

  wg::to(model, wg::f64);
  const auto net = stepwise();
  const wg::Tensor few = wg::slice(all, 1, 0, 8).value();
  wg::Tape own, tape;
  const auto seen = wg::unroll(net, few.rows(0, window));
  const auto run = wg::generate(net, tape.input(seen.y.back()), seen.last, alone);
  wg::print("Lyapunov exponents of 8 trajectories over {:.0f} units of time",
            double(alone) * lorenz::dt);
  print_exponents("equations", own,
                  lorenz::trajectory(own.input(path.front().value().rows(0, 8)), alone));
  print_exponents("net alone", tape, run.h);
}
