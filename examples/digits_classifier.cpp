// SPDX-License-Identifier: MIT
// A classifier 64-32-10 of handwritten digits, on the bundled 8 x 8 data set.
#include <wengert/data/digits.h>
#include <wengert/wengert.h>

#include "options.h"
namespace wg = wengert;

int main(int argc, char** argv) {
  const Options options = parse(argc, argv, "A net learns to read handwritten digits",
                                {.epochs = 60, .batch = 32, .rate = 3e-3}, {"--data"});
  wg::Rng rng{options.seed};
  const auto [train, test] = wg::data::split(wg::data::digits(), 0.25, rng);
  wg::Sequential model{wg::Linear{64, 32, rng}, wg::relu, wg::Linear{32, 10, rng}};
  wg::print("{}", wg::summary(model, wg::zeros({1, 64})));
  wg::fit(model, train.images, train.labels,
          {.loss = wg::cross_entropy,
           .optimizer = wg::Adam{{.rate = options.rate}},
           .epochs = options.epochs,
           .batch = options.batch,
           .validation = {test.images, test.labels},
           .metrics = {wg::accuracy},
           .resume = options.resume,
           .seed = options.seed});
  const auto share = wg::accuracy(model(test.images), test.labels);
  wg::print("{:.0f} of {} test digits are read correctly: {:.1f} %",
            share * static_cast<double>(share.n), share.n, 100 * share);
}
