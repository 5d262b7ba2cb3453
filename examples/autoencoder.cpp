// SPDX-License-Identifier: MIT
// The lecture's autoencoder, from reading the files to the written report.
#include <wengert/wengert.h>

#include "images.h"
namespace wg = wengert;

int main(int argc, char** argv) {
  const Options options = parse(argc, argv, "Squeezes images through 64 numbers and back");
  wg::Rng rng{options.seed};
  const auto [name, train, test, height, width, classes] = load_images(options);
  wg::Mlp encoder{{height * width, 128, 64}, wg::relu, rng};
  wg::Mlp decoder{{64, 128, height * width}, wg::relu, rng};
  wg::Sequential autoencoder{std::move(encoder), wg::relu, std::move(decoder)};
  const auto history = wg::fit(autoencoder, train.images,
                               {.loss = wg::bce_from_logits,
                                .optimizer = wg::Adam{{.rate = options.rate}},
                                .epochs = options.epochs,
                                .batch = options.batch,
                                .validation = test.images,
                                .resume = options.resume,
                                .seed = options.seed});
  const auto some = test.images.rows(0, 12), codes = wg::predict(autoencoder.get<0>(), test.images);
  wg::report("autoencoder.html", autoencoder, history,
             {.title = "An autoencoder of " + name,
              .strips = {{"original", some}, {"restored", wg::sigmoid(autoencoder(some)).value()}},
              .image_height = height,
              .image_width = width,
              .latent = wg::data::projection(wg::data::pca(codes, 2), codes),
              .latent_classes = test.labels});
  wg::print("written: autoencoder.html");
}
