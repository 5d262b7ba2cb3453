// SPDX-License-Identifier: MIT
// Why the validation loss can lie below the training loss: the training loss is that of a net of
// which dropout has taken half the units, so that it does for about the first 8 epochs of 20. The
// same weights, judged whole on the same images (the third curve), lie below both.
#include "images.h"
#include "pictures.h"
namespace wg = wengert;

int main(int argc, char** argv) {
  std::size_t samples = 20000;
  CLI::App app("Dropout's effect on the two curves");
  app.add_option("--samples", samples, "to learn from at most")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  const Options options = parse(argc, argv, app, {}, {"--resume"});
  const auto images = load_images(options);
  const auto train = first(samples, images.train), test = first(samples, images.test);
  wg::Figure figure{.share_y = true};
  for (const double rate : {0.0, 0.5}) {
    wg::Rng rng{options.seed};
    wg::Mlp model{
        {images.pixels(), 256, 256, images.classes.size()}, wg::relu, rng, {.dropout = rate}};
    std::vector<double> judged;
    const auto history = wg::fit(
        model, train,
        {.loss = wg::cross_entropy,
         .optimizer = wg::Adam{{.rate = options.rate}},
         .epochs = options.epochs,
         .batch = options.batch,
         .validation = test,
         .metrics = {wg::accuracy},
         .seed = options.seed,
         .callbacks = {{.after_epoch =
                            [&](wg::Run&, const wg::EpochRecord&) {
                              judged.push_back(wg::evaluate(model, train, wg::cross_entropy).loss);
                            }}},
         .show = wg::Show::nothing});
    const auto whole = curve("training, whole net", history, [&](const wg::EpochRecord& epoch) {
      return judged.at(std::size_t(epoch.epoch - 1));
    });
    figure.panels.push_back(loss_panel(wg::format("dropout {}", rate),
                                       {curve("training", history, training_loss),
                                        curve("validation", history, validation_loss), whole}));
    const auto below = std::ranges::count_if(history.epochs, [](const wg::EpochRecord& epoch) {
      return validation_loss(epoch) < epoch.loss;
    });
    const auto& last = history.epochs.back();
    wg::print("dropout {}: validation below training in {} of {} epochs", rate, below,
              options.epochs);
    wg::print("  at the end {:.4f} training, {:.4f} the same with the whole net, {} validation",
              last.loss, judged.back(), *last.validation_loss);
    wg::print("  accuracy {}", last.validation_metrics.at("accuracy"));
  }
  wg::write_figure(figure, "dropout.svg");
}
