// SPDX-License-Identifier: MIT
// What the batch size, the learning rate, the width or the depth of an MLP changes: the median over
// some seeds in the band from the best to the worst, a panel for each value. On 2000 clothes rate
// 0.001 is not finished after 40 epochs, 1 learns nothing, and 0.1 overfits.
#include "images.h"
#include "pictures.h"
namespace wg = wengert;

int main(int argc, char** argv) {
  const std::map<std::string, std::vector<double>> studies{{"batch", {8, 32, 128, 512}},
                                                           {"rate", {0.001, 0.01, 0.1, 1}},
                                                           {"width", {2, 8, 64, 512}},
                                                           {"depth", {0, 1, 3, 8}}};
  std::string of = "batch";
  std::size_t seeds = 5, samples = 2000;
  CLI::App app("What the batch size, the learning rate, the width or the depth changes");
  app.option_defaults()->always_capture_default();
  app.add_option("--of", of, "what changes")->check(CLI::IsMember(studies));
  app.add_option("--seeds", seeds, "trainings of each")->check(CLI::Range(1, 99));
  app.add_option("--samples", samples, "to learn from at most")->check(CLI::PositiveNumber);
  const auto options =
      parse(argc, argv, app, {.epochs = 40, .batch = 32, .rate = 0.03}, {"--resume"});
  const auto images = load_images(options);
  const auto train = first(samples, images.train), test = first(samples, images.test);
  wg::Figure figure{.columns = 2, .share_x = true, .share_y = true};
  figure.title =
      wg::format("{}, {} images: median and range of {} seeds", images.name, train.size(), seeds);
  for (const double value : studies.at(of)) {
    const auto count = static_cast<std::size_t>(value);
    std::vector<std::size_t> widths(of == "depth" ? count : 1, of == "width" ? count : 64);
    widths.insert(widths.begin(), images.pixels());
    widths.push_back(images.classes.size());
    std::vector<wg::History> histories;
    for (std::uint64_t seed = options.seed; seed < options.seed + seeds; ++seed) {
      wg::Rng rng{seed};
      wg::Mlp model{widths, wg::relu, rng};
      histories.push_back(
          wg::fit(model, train,
                  {.loss = wg::cross_entropy,
                   .optimizer = wg::Sgd{{.rate = of == "rate" ? value : options.rate}},
                   .epochs = options.epochs,
                   .batch = of == "batch" ? count : options.batch,
                   .validation = test,
                   .metrics = {wg::accuracy},
                   .seed = seed,
                   .show = wg::Show::nothing}));
    }
    const auto validation = band("validation", histories, validation_loss);
    const auto accuracy = band("", histories, validation_metric("accuracy"));
    figure.panels.push_back(loss_panel(wg::format("{} {}", of, value),
                                       {band("training", histories, training_loss), validation}));
    wg::print("{} {:<6} validation loss {:.3f}, accuracy {:.3f} ({:.3f} to {:.3f})", of, value,
              validation.y.back(), accuracy.y.back(), accuracy.low.back(), accuracy.high.back());
  }
  wg::write_figure(figure, "study_" + of + ".svg");
}
