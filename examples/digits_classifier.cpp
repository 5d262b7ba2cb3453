// SPDX-License-Identifier: MIT
// A classifier 64-32-10 of handwritten digits, on the bundled 8 x 8 data set.
#include <CLI/CLI.hpp>

#include <wengert/data/digits.h>
#include <wengert/train/progress.h>
#include <wengert/wengert.h>
namespace wg = wengert;

int main(int argc, char** argv) {
  CLI::App app("A net learns to read handwritten digits");
  std::size_t epochs = 60, batch = 32;
  bool quick = false;
  app.add_option("--epochs", epochs, "passes over the training set")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--batch", batch, "digits a step")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_flag("--quick", quick, "two epochs only");
  CLI11_PARSE(app, argc, argv);
  if (quick) epochs = 2;

  wg::Rng rng{1};
  const auto [train, test] = wg::data::split(wg::data::digits(), 0.25, rng);
  wg::Sequential model{wg::Linear{64, 32, rng}, wg::relu, wg::Linear{32, 10, rng}};
  wg::print("{}", wg::summary(model, wg::zeros({1, 64})));

  wg::Adam adam{{.rate = 3e-3}};
  const std::size_t n = train.labels.size();
  {
    wg::Progress progress("classifier", epochs);
    for (std::size_t epoch = 1; epoch <= epochs; ++epoch) {
      const wg::Tensor order = rng.permutation(n);
      double total = 0;
      for (std::size_t i = 0; i + batch <= n; i += batch) {
        const wg::Tensor rows = order.rows(i, i + batch);
        wg::Tape tape;
        const auto logits = model(tape.input(wg::take(train.images, rows)));
        const auto loss = wg::cross_entropy(logits, wg::take(train.labels, rows));
        adam.update(model, tape.backward(loss));
        total += loss.item();
      }
      progress.show(epoch, wg::format("loss {:.4f}  test accuracy {:.1f} %",
                                      total / static_cast<double>(n / batch),
                                      100 * wg::accuracy(model(test.images), test.labels)));
    }
  }
  const double share = wg::accuracy(model(test.images), test.labels);
  wg::print("{:.0f} of {} test digits are read correctly: {:.1f} %",
            share * static_cast<double>(test.labels.size()), test.labels.size(), 100 * share);
}
