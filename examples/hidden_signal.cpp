// SPDX-License-Identifier: MIT
// A swing hidden in noise almost twice as strong: a linear state-space cell learns its law from the
// noisy numbers alone, by their exact likelihood. Beside it the Kalman filter that was told the
// law, which nothing beats but by chance, and a plain recurrent net of means and variances.
#include <cmath>

#include <wengert/wengert.h>

#include "forecasts.h"
#include "gradient_page.h"
#include "options.h"
namespace wg = wengert;

namespace {

/// A rotation by 0.3 a step that loses 2 %, pushed by noise; seen is its first coordinate.
wg::LinearStateSpace swing() {
  const double c = 0.98 * std::cos(0.3), s = 0.98 * std::sin(0.3);
  return wg::LinearStateSpace{{.A = wg::matrix({{c, -s}, {s, c}}, wg::f64),
                               .C = wg::matrix({{1, 0}}, wg::f64),
                               .Q = wg::matrix({{0.05, 0}, {0, 0.05}}, wg::f64),
                               .R = wg::tensor({4}, wg::f64),
                               .m_0 = wg::zeros({2}, wg::f64),
                               .P_0 = wg::eye(2, wg::f64)}};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A signal hidden in noise, and its law learned by maximum likelihood");
  const GradientPages pages(app);
  const auto options =
      parse(argc, argv, app, {.epochs = 60, .batch = 32, .rate = 3e-3}, {"--data", "--resume"});
  const std::size_t sequences = options.quick ? 20 : 400, tests = 1000, steps = 100;
  wg::Rng rng{options.seed};
  const wg::KalmanCell told{swing()};
  const auto train = wg::simulate(told.model, steps, sequences, rng).y;
  const auto unseen = wg::simulate(told.model, steps, tests, rng);
  const wg::Var& y = unseen.y;
  const ForecastTable table(wg::linear(unseen.z, told.model.C.value()), filter(told, y));
  const auto fixed = wg::stack({wg::mean(train), wg::log(wg::var(train))});
  table.print("mean and variance alone", normal(wg::broadcast_to(fixed, {steps, tests, 2}), y));
  table.print("Kalman filter, told the law", table.best);

  wg::KalmanCell cell{wg::LinearStateSpace(2, 1, rng)};
  wg::to(cell, wg::f64);
  const auto study = [&](const std::string& when) {
    wg::Tape tape;
    auto run = wg::unroll(cell, tape.input(wg::slice(y, 1, 0, 8).value()));
    std::vector<wg::Var> losses;  // the surprise at y_{t+1} belongs to the state after y_t
    for (std::size_t t = 1; t < steps; ++t) losses.push_back(-wg::mean(run.states[t].log_density));
    run.h.pop_back();
    pages.show(wg::gradflow::study(tape, run.h, losses, {.title = pages.title(when)}), when);
  };
  study("before");
  const auto found =
      wg::Lbfgs{{.iterations = options.quick ? 5 : 300, .gradient_tolerance = 1e-5}}.minimize(
          cell, [&](wg::Tape& tape) {
            const auto run = wg::unroll(cell, tape.input(train));
            return -wg::mean(wg::log_likelihood(run.states)) / double(steps);
          });
  study("after");
  wg::print("L-BFGS took {} evaluations: {}", found.evaluations, found.reason);
  table.print("state-space cell, learned", filter(cell, y));

  wg::Sequential net{wg::Recurrent{wg::RnnCell{1, 32, rng}, wg::Steps::all},
                     wg::Linear{32, 2, rng}};
  wg::to(net, wg::f64);
  wg::fit(net, delayed(train), batch_first(train),
          {.loss = wg::gaussian_nll,
           .optimizer = wg::Adam{{.rate = options.rate}},
           .epochs = options.epochs,
           .batch = options.batch,
           .validation_share = 0.1,
           .early_stopping = wg::EarlyStopping::Options{.patience = 10},
           .seed = options.seed,
           .show = wg::Show::nothing});
  table.print("plain recurrent net", normal(batch_first(wg::predict(net, delayed(y))), y));
}
