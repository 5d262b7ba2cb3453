// SPDX-License-Identifier: MIT
// The lecture's autoencoders side by side. MSE and BCE cannot be compared with each other, so the
// last columns give each net the squared error of its pictures of unseen images, and PCA's.
#include <wengert/data/pca.h>
#include <wengert/figures/image_strip.h>
#include <wengert/wengert.h>

#include "images.h"
namespace wg = wengert;

struct Choice {
  std::string name;
  wg::Lambda output;  ///< from the net's last numbers to a picture
  wg::Loss loss;
  std::vector<std::size_t> inner;
};
int main(int argc, char** argv) {
  const Options options = parse(argc, argv, "The lecture's autoencoders side by side");
  const wg::data::ImageSets images = load_images(options);
  const auto& unseen = images.test.images;
  const wg::Loss mse_of_sigmoid("mse of sigmoid", [](const wg::Var& z, const wg::Var& x) {
    return wg::mse(wg::sigmoid(z), x);
  });
  const std::vector<std::size_t> wide{128, 64, 128}, narrow{128, 64, 32, 16, 32, 64, 128};
  const wg::Lambda linear = [](const wg::Var& z) { return z; };
  const std::vector<Choice> choices{{"linear, MSE", linear, wg::mse, wide},
                                    {"sigmoid, MSE", wg::sigmoid, mse_of_sigmoid, wide},
                                    {"sigmoid, BCE", wg::sigmoid, wg::bce_from_logits, wide},
                                    {"16 units, BCE", wg::sigmoid, wg::bce_from_logits, narrow}};
  wg::print("{}: {} images, {} unseen; BCE cannot go below {:.4f}", images.name,
            images.train.labels.size(), images.test.labels.size(), wg::bce_floor(unseen));
  wg::print("{:<14} {:>10} {:>9} {:>10} {:>10} {:>10}", "", "parameters", "loss", "validation",
            "MSE unseen", "PCA");
  std::vector<wg::ImageRow> strip{{"original", unseen.rows(0, 10)}};
  for (const Choice& choice : choices) {
    wg::Rng rng{options.seed};
    std::vector<std::size_t> widths{images.pixels()};
    widths.insert(widths.end(), choice.inner.begin(), choice.inner.end());
    widths.push_back(images.pixels());
    wg::Mlp net{widths, wg::relu, rng};
    const auto history = wg::fit(net, images.train.images,
                                 {.loss = choice.loss,
                                  .optimizer = wg::Adam{{.rate = options.rate}},
                                  .epochs = options.epochs,
                                  .batch = options.batch,
                                  .validation = unseen,
                                  .seed = options.seed,
                                  .show = wg::Show::nothing});
    const wg::Tensor pictures = choice.output(wg::predict(net, unseen)).value();
    const std::size_t width = *std::ranges::min_element(choice.inner);
    const wg::data::Pca pca = wg::data::pca(images.train.images, width);
    wg::print("{:<14} {:>10} {:>9.4f} {:>10.4f} {:>10.5f} {:>10.5f}", choice.name,
              wg::parameter_count(net), history.epochs.back().loss,
              history.epochs.back().validation_loss->value, wg::mse(pictures, unseen).item(),
              wg::data::reconstruction_error(pca, unseen));
    strip.push_back({choice.name, pictures.rows(0, 10)});
  }
  wg::write_image_strip("autoencoders.svg", strip, images.height, images.width);
}
