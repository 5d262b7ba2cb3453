// SPDX-License-Identifier: MIT
// The lecture's autoencoder, from reading the files to the written report.
#include <wengert/wengert.h>

#include "images.h"
namespace wg = wengert;

int main(int argc, char** argv) {
  const Options options = parse(argc, argv, "Squeezes images through 64 numbers");
  wg::Rng rng{options.seed};
  const auto images = load_images(options);
  const std::size_t pixels = images.pixels();
  wg::Sequential encoder{wg::Linear{pixels, 128, rng}, wg::relu, wg::Linear{128, 64, rng},
                         wg::relu};
  wg::Sequential decoder{wg::Linear{64, 128, rng}, wg::relu, wg::Linear{128, pixels, rng}};
  wg::Sequential autoencoder{std::move(encoder), std::move(decoder)};
  const auto history = wg::fit(autoencoder, images.train.images,
                               {.loss = wg::bce_from_logits,
                                .optimizer = wg::Adam{{.rate = options.rate}},
                                .epochs = options.epochs,
                                .batch = options.batch,
                                .validation = images.test.images,
                                .resume = options.resume,
                                .seed = options.seed});
  wg::report("autoencoder.html", autoencoder, history, {.reconstructed = images.test.images});
}
