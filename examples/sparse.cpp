// SPDX-License-Identifier: MIT
// Fully against sparsely connected: a hidden layer of 512 units of which each sees only some pixels
// (MaskedLinear), beside a full layer of fewer units and as many active weights.
#include "images.h"
#include "pictures.h"
namespace wg = wengert;

int main(int argc, char** argv) {
  std::size_t samples = 10000, width = 512, seeds = 3;
  CLI::App app("Sparsely against fully connected layers");
  app.option_defaults()->always_capture_default();
  app.add_option("--samples", samples, "to learn from at most")->check(CLI::PositiveNumber);
  app.add_option("--width", width, "units of the sparse layer")->check(CLI::PositiveNumber);
  app.add_option("--seeds", seeds, "trainings of each")->check(CLI::Range(1, 99));
  const Options options = parse(argc, argv, app, {.epochs = 15}, {"--resume"});
  const auto images = load_images(options);
  const auto train = first(samples, images.train);
  const std::size_t pixels = images.pixels(), classes = images.classes.size();
  const auto accuracy = [&](auto model, std::uint64_t seed) {
    wg::fit(model, train,
            {.loss = wg::cross_entropy,
             .optimizer = wg::Adam{{.rate = options.rate}},
             .epochs = options.epochs,
             .batch = options.batch,
             .seed = seed,
             .show = wg::Show::nothing});
    return wg::accuracy(wg::predict(model, images.test.images), images.test.labels).value;
  };
  wg::Series sparse{.name = wg::format("sparse, {} units", width),
                    .style = wg::Series::Style::line_points};
  wg::Series full = sparse;
  full.name = "full, fewer units";
  const auto add = [](wg::Series& series, double weights, std::vector<double> values) {
    std::ranges::sort(values);
    series.x.push_back(weights), series.y.push_back(values[values.size() / 2]);
    series.low.push_back(values.front()), series.high.push_back(values.back());
  };
  for (const double density : {0.004, 0.02, 0.1, 0.3, 1.0}) {
    const double active = density * double(pixels * width) + double(width * classes);
    const auto units = std::max<std::size_t>(1, std::size_t(active / double(pixels + classes)));
    std::vector<double> of_sparse, of_full;
    for (std::uint64_t seed = options.seed; seed < options.seed + seeds; ++seed) {
      wg::Rng rng{seed};
      wg::Sequential net{wg::MaskedLinear{pixels, width, density, rng}, wg::relu,
                         wg::Linear{width, classes, rng}};
      of_sparse.push_back(accuracy(net, seed));
      of_full.push_back(accuracy(wg::Mlp{{pixels, units, classes}, wg::relu, rng}, seed));
    }
    add(sparse, active, of_sparse);
    add(full, double(units * (pixels + classes)), of_full);
    wg::print(
        "density {:<5} {:7.0f} active weights: accuracy {:.4f} sparse, {:.4f} with {} full units",
        density, active, sparse.y.back(), full.y.back(), units);
  }
  wg::write_figure({.panels = {{.x = {.label = "active weights", .log = true},
                                .y = {.label = "accuracy on unseen images"},
                                .series = {sparse, full}}}},
                   "sparse.svg");
}
