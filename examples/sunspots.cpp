// SPDX-License-Identifier: MIT
// Next year's sunspot number from the 22 years before: a GRU against persistence and a linear
// autoregression of order 9, the one usually fitted to this series. Every block of years is
// forecast by models that learned from all the years before it. Then the net runs alone.
#include <wengert/wengert.h>

#include "gradient_page.h"
#include "options.h"
#include "series_blocks.h"
namespace wg = wengert;

int main(int argc, char** argv) {
  constexpr std::size_t years = 22, order = 9, units = 16, first = 127;
  CLI::App app("A GRU forecasts the sunspot number");
  const GradientPages pages(app);
  std::uint64_t seeds = 5;
  app.add_option("--seeds", seeds, "trainings for each block")->check(CLI::Range(2, 99));
  const auto options =
      parse(argc, argv, app, {.epochs = 100, .batch = 32, .rate = 3e-3}, {"--data", "--resume"});
  const auto spots = wg::data::sunspots();
  const auto time = spots.time.data<double>(), numbers = spots.values.data<double>();
  // Roots, because the noise of counts grows with them.
  const wg::Tensor roots = wg::sqrt(wg::Var(spots.values.reshape({-1, 1}))).value();
  ForecastErrors ahead, alone;
  wg::print("root mean squared error one year ahead, of the GRU over {} seeds", seeds);
  wg::print("{:<14}{:>11}{:>10}{:>15}", "years", "persistence", "linear", "GRU");
  const auto row = [&](const std::string& label, std::size_t from) {
    wg::print("{:<14}{:>11.1f}{:>10.1f}{:>15}", label, ahead.rms("persistence", from).value,
              ahead.rms("linear", from).value, to_string(ahead.rms("GRU", from)));
  };
  for (std::size_t begin = first, end = 0; begin < roots.size(); begin = end) {
    end = begin < 247 ? begin + 40 : roots.size();
    const SeriesBlock block(roots, begin, end, years);
    const wg::data::Dataset &train = block.train, &test = block.test;
    const std::vector<double> truth(&numbers[begin], &numbers[end - 1] + 1);
    const auto spots_of = [&](const wg::Var& y) { return squared(block.unscaled(y)); };
    ahead.add("persistence", 0, spots_of(recent(test.inputs, 1)), truth);
    wg::Rng rng{options.seed};
    wg::Sequential linear{wg::Flatten{}, wg::Linear{order, 1, rng}};
    wg::Lbfgs{{.gradient_tolerance = 1e-4}}.minimize(linear, [&](wg::Tape& tape) {
      return wg::mse(linear(tape.input(recent(train.inputs, order))),
                     recent(train.targets, 1).reshape({-1, 1}));
    });
    ahead.add("linear", 0, spots_of(linear(recent(test.inputs, order))), truth);
    for (std::uint64_t k = 0; k < seeds; ++k) {
      const bool shown = k == 0 && end == roots.size();
      wg::Sequential model{wg::Recurrent{wg::GruCell{1, units, rng}, wg::Steps::all},
                           wg::Linear{units, 1, rng}};
      const auto net = [&] { return wg::Stacked{model.get<0>().cell, model.get<1>()}; };
      if (shown) pages.show_steps(net(), wg::mse, test, "before");
      wg::fit(model, train,
              {.optimizer = wg::Adam{{.rate = options.rate}},
               .epochs = options.epochs,
               .batch = options.batch,
               .schedule = wg::CosineDecay{},
               .seed = options.seed + k,
               .show = wg::Show::nothing});
      if (shown) pages.show_steps(net(), wg::mse, test, "after");
      ahead.add("GRU", k, spots_of(recent(wg::predict(model, test.inputs), 1)), truth);
      if (end < roots.size()) continue;
      const auto seen = wg::unroll(net(), wg::transpose(wg::Var(test.inputs.rows(0, 1)), 0, 1));
      const auto run = wg::generate(net(), seen.y.back(), seen.last, truth.size());
      const auto free = spots_of(wg::stack(run.xs));
      alone.add("GRU", k, free, truth);
      alone.add("mean", k, spots_of(wg::zeros({truth.size(), 1})), truth);
      if (!shown) continue;
      const std::vector<double> x(&time[begin], &time[end - 1] + 1);
      pages.draw({.panels = {{.x = {.label = "year"},
                              .y = {.label = "sunspot number"},
                              .series = {{.name = "observed", .x = x, .y = truth},
                                         {.name = "GRU alone", .x = x, .y = free}}}}});
    }
    row(wg::format("{:.0f} to {:.0f}", time[begin], time[end - 1]), begin - first);
  }
  row("all", 0);
  wg::print("squared error, GRU less linear: {}, over the years", ahead.excess("GRU", "linear"));
  wg::print("alone from {:.0f} on: GRU {}; the mean of what it learned from {:.1f}", time[247],
            alone.rms("GRU"), alone.rms("mean").value);
}
