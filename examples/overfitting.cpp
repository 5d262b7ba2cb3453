// SPDX-License-Identifier: MIT
// A large net learns 200 images by heart: its validation loss is least, 0.86, in about epoch 9, and
// rises to 1.3 while the training loss falls to 1e-4. What early stopping, weight decay and more
// data do about it, and what cross-validation says. The accuracy hardly suffers, 0.76: what grows
// is how sure it is of its mistakes.
#include "images.h"
#include "pictures.h"
namespace wg = wengert;

int main(int argc, char** argv) {
  std::size_t samples = 200;
  CLI::App app("Overfitting, and what helps");
  app.add_option("--samples", samples, "to learn from")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  const Options options = parse(argc, argv, app, {.epochs = 100, .batch = 32}, {"--resume"});
  const auto images = load_images(options);
  const auto few = first(samples, images.train), more = first(5 * samples, images.train);
  const auto test = first(5000, images.test);
  const auto learn = [&](const auto& train, const auto& validation, double decay, bool stop) {
    wg::Rng rng{options.seed};
    wg::Mlp model{{images.pixels(), 512, 512, images.classes.size()}, wg::relu, rng};
    wg::FitOptions how{.loss = wg::cross_entropy,
                       .optimizer = wg::AdamW{{.rate = options.rate, .decay = decay}},
                       .epochs = options.epochs,
                       .batch = options.batch,
                       .validation = validation,
                       .seed = options.seed,
                       .show = wg::Show::nothing};
    if (stop) how.early_stopping = {.patience = 5};
    const auto history = wg::fit(model, train, how);
    return std::pair(history, wg::evaluate(model, validation, wg::cross_entropy, {wg::accuracy}));
  };

  wg::Figure figure{.columns = 2, .share_x = true, .share_y = true};
  const auto attempt = [&](const std::string& title, const auto& train, double decay, bool stop) {
    const auto [history, end] = learn(train, test, decay, stop);
    const auto best = std::ranges::min_element(history.epochs, {}, validation_loss);
    figure.panels.push_back(loss_panel(title, history));
    figure.panels.back().y.log = false;  // which would hide the rise
    figure.panels.back().marks = {{double(best->epoch), "least validation loss", true}};
    wg::print("{:<15} least validation loss {:.3f} in epoch {:3}; left with {:.3f}, accuracy {}",
              title, validation_loss(*best), best->epoch, end.loss.value,
              end.metrics.at("accuracy"));
  };
  attempt(wg::format("{} samples", few.size()), few, 0, false);
  attempt("early stopping", few, 0, true);
  attempt("weight decay", few, 10, false);
  attempt(wg::format("{} samples", more.size()), more, 0, false);
  wg::write_figure(figure, "overfitting.svg");

  wg::Rng rng{options.seed};
  std::vector<double> scores;
  for (const auto& [train, rest] : wg::data::k_fold(few, 5, rng, {.stratified = true}))
    scores.push_back(learn(train, rest, 0, false).second.metrics.at("accuracy"));
  wg::print("accuracy by 5-fold cross-validation: {}", wg::mean_of(scores));
}
