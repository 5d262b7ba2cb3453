// SPDX-License-Identifier: MIT
// Fully against sparsely connected: a hidden layer of 512 units of which each sees some pixels only
// (MaskedLinear), beside a full layer of fewer units with as many active weights. On 10000 clothes,
// few weights do more when spread over many units: 0.829 (0.828 to 0.833 over three seeds) against
// 0.819 (0.809 to 0.824) with 6700. With 400000 the two are the same kind of net, and no better
// one.
#include "images.h"
#include "pictures.h"
namespace wg = wengert;

int main(int argc, char** argv) {
  std::size_t samples = 10000, seeds = 3;
  CLI::App app("Sparsely against fully connected layers");
  app.option_defaults()->always_capture_default();
  app.add_option("--samples", samples, "to learn from at most")->check(CLI::PositiveNumber);
  app.add_option("--seeds", seeds, "trainings of each")->check(CLI::Range(1, 99));
  const auto options = parse(argc, argv, app, {.epochs = 15}, {"--resume"});
  const auto images = load_images(options);
  const auto train = first(samples, images.train);
  const std::size_t width = 512, pixels = images.pixels(), classes = images.classes.size();
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
  wg::Series full{.name = "full, fewer units", .style = sparse.style};
  const auto add = [](wg::Series& series, std::size_t weights, std::vector<double> values) {
    std::ranges::sort(values);
    series.x.push_back(double(weights)), series.y.push_back(values[values.size() / 2]);
    series.low.push_back(values.front()), series.high.push_back(values.back());
  };
  for (const double density : {0.004, 0.02, 0.1, 0.3, 1.0}) {
    std::size_t active = 0, units = 0;
    std::vector<double> of_sparse, of_full;
    for (std::uint64_t seed = options.seed; seed < options.seed + seeds; ++seed) {
      wg::Rng rng{seed};
      wg::Sequential net{wg::MaskedLinear{pixels, width, density, rng}, wg::relu,
                         wg::Linear{width, classes, rng}};
      active = net.get<0>().active_weights() + width * classes;
      units = std::max<std::size_t>(1, active / (pixels + classes));
      of_sparse.push_back(accuracy(net, seed));
      of_full.push_back(accuracy(wg::Mlp{{pixels, units, classes}, wg::relu, rng}, seed));
    }
    add(sparse, active, of_sparse);
    add(full, units * (pixels + classes), of_full);
    wg::print("density {:<5} {:6} active weights: {:.4f} accurate, {:.4f} with {} full units",
              density, active, sparse.y.back(), full.y.back(), units);
  }
  const wg::Axis weights{.label = "active weights", .log = true}, right{.label = "accuracy"};
  wg::write_figure({.panels = {{.x = weights, .y = right, .series = {sparse, full}}}},
                   "sparse.svg");
}
