// SPDX-License-Identifier: MIT
// Next year's sunspot number from the 22 years before: a GRU against persistence and linear
// autoregression, on years after all that was learned from; then the net fed with its own
// forecasts, drawn in sunspots.svg.
#include <cmath>

#include <wengert/wengert.h>

#include "gradient_page.h"
#include "options.h"
namespace wg = wengert;

int main(int argc, char** argv) {
  constexpr std::size_t years = 22, units = 16, tested = 62;
  CLI::App app("Forecasts of the sunspot number");
  const GradientPages pages(app);
  std::uint64_t seeds = 5;
  app.add_option("--seeds", seeds, "trainings")->check(CLI::Range(1, 99));
  const auto options =
      parse(argc, argv, app, {.epochs = 300, .batch = 32, .rate = 3e-3}, {"--data", "--resume"});
  const auto spots = wg::data::sunspots();
  const wg::Tensor series = spots.values.reshape({-1, 1});
  // The last 62 years test, the 40 before them say when to stop. A window may look back over a
  // border, not ahead. Roots, because the noise of counts grows with them.
  const std::size_t from = series.size() - tested, stop_from = from - 40;
  const wg::Tensor roots = wg::sqrt(wg::Var(series)).value();
  const wg::data::Standardizer scaler(roots.rows(0, stop_from));
  auto windows = wg::data::windows(scaler.apply(roots).to(wg::f32), {.length = years});
  windows.targets = windows.targets.reshape({-1, 1});
  const auto train = windows.rows(0, stop_from - years),
             validation = windows.rows(stop_from - years, from - years),
             test = windows.rows(from - years, windows.size());
  const auto numbers = [&](const wg::Var& scaled) {
    const wg::Tensor all = wg::square(scaler.undo(scaled.value().to(wg::f64))).value();
    return std::vector<double>(all.data<double>().begin(), all.data<double>().end());
  };
  const auto truth = numbers(test.targets);
  const auto rmse = [&](const std::vector<double>& guess) {
    double sum = 0;
    for (std::size_t i = 0; i < tested; ++i) sum += std::pow(guess[i] - truth[i], 2);
    return std::sqrt(sum / tested);
  };
  wg::print("root mean squared error of the years from {:.0f} on", spots.time[from]);
  wg::print("one year ahead: persistence            {:.1f}",
            rmse(numbers(wg::select(test.inputs, 1, -1))));
  wg::Rng weights{options.seed};
  wg::Sequential linear{wg::Flatten{}, wg::Linear{years, 1, weights}};
  wg::Lbfgs{{.gradient_tolerance = 1e-4}}.minimize(linear, [&](wg::Tape& tape) {
    return wg::mse(linear(tape.input(train.inputs)), train.targets);
  });
  wg::print("                linear autoregression  {:.1f}", rmse(numbers(linear(test.inputs))));

  std::vector<double> ahead, alone, first;
  for (std::uint64_t seed = options.seed; seed < options.seed + seeds; ++seed) {
    wg::Rng rng{seed};
    wg::Sequential model{wg::Recurrent{wg::GruCell{1, units, rng}, wg::Steps::last},
                         wg::Linear{units, 1, rng}};
    const auto& cell = model.get<0>().cell;
    const auto& readout = model.get<1>();
    const bool shown = seed == options.seed;
    if (shown) pages.show(cell, readout, wg::mse, validation, "before");
    wg::fit(model, train,
            {.optimizer = wg::Adam{{.rate = options.rate}},
             .epochs = options.epochs,
             .batch = options.batch,
             .validation = validation,
             .early_stopping = wg::EarlyStopping::Options{.patience = 30},
             .seed = seed,
             .show = wg::Show::nothing});
    if (shown) pages.show(cell, readout, wg::mse, validation, "after");
    ahead.push_back(rmse(numbers(wg::predict(model, test.inputs))));
    const wg::Stacked net{cell, readout};
    const auto seen = wg::unroll(net, wg::transpose(wg::Var(test.inputs.rows(0, 1)), 0, 1));
    const auto free = numbers(wg::stack(wg::generate(net, seen.y.back(), seen.last, tested).xs));
    alone.push_back(rmse(free));
    if (shown) first = free;
  }
  wg::print("                GRU                    {}", wg::mean_of(ahead));
  wg::print("alone from {:.0f} on: GRU                {}; the mean of what it learned from {:.1f}",
            spots.time[from], wg::mean_of(alone), rmse(numbers(wg::zeros({tested, 1}))));
  const auto time = spots.time.data<double>();
  const std::vector<double> x(time.end() - tested, time.end());
  wg::write_figure({.panels = {{.x = {.label = "year"},
                                .y = {.label = "sunspot number"},
                                .series = {{.name = "observed", .x = x, .y = truth},
                                           {.name = "GRU alone", .x = x, .y = first}}}}},
                   "sunspots.svg");
}
