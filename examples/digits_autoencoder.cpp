// SPDX-License-Identifier: MIT
// An autoencoder 64-32-8-32-64 of handwritten digits, beside the best linear compression to 8
// numbers (PCA). Leaves the loss of every epoch and a picture of some reconstructions.
#include <fstream>

#include <CLI/CLI.hpp>

#include <wengert/data/digits.h>
#include <wengert/data/pca.h>
#include <wengert/train/image_strip.h>
#include <wengert/train/progress.h>
#include <wengert/wengert.h>
namespace wg = wengert;

int main(int argc, char** argv) {
  CLI::App app("A net squeezes handwritten digits through 8 numbers");
  std::size_t epochs = 150, batch = 32;
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
  wg::Sequential model{
      wg::Sequential{wg::Linear{64, 32, rng}, wg::tanh, wg::Linear{32, 8, rng}},
      wg::Sequential{wg::Linear{8, 32, rng}, wg::tanh, wg::Linear{32, 64, rng}, wg::sigmoid}};
  wg::print("{}", wg::summary(model, wg::zeros({1, 64})));

  wg::Adam adam{{.rate = 3e-3}};
  std::ofstream losses("digits_autoencoder.csv");
  losses << "epoch,train_mse,test_mse\n";
  const std::size_t n = train.labels.size();
  {
    wg::Progress progress("autoencoder", epochs);
    for (std::size_t epoch = 1; epoch <= epochs; ++epoch) {
      const wg::Tensor order = rng.permutation(n);
      double total = 0;
      for (std::size_t i = 0; i + batch <= n; i += batch) {
        wg::Tape tape;
        const auto x = tape.input(wg::take(train.images, order.rows(i, i + batch)));
        const auto loss = wg::mse(model(x), x);
        adam.update(model, tape.backward(loss));
        total += loss.item();
      }
      const double mean = total / static_cast<double>(n / batch);
      const double unseen = wg::mse(model(test.images), test.images).item();
      losses << wg::format("{},{:.6f},{:.6f}\n", epoch, mean, unseen);
      progress.show(epoch, wg::format("mse {:.5f}  test {:.5f}", mean, unseen));
    }
  }

  const wg::data::Pca linear = wg::data::pca(train.images, 8);
  const double ours = wg::mse(model(test.images), test.images).item();
  const double pca = wg::data::reconstruction_error(linear, test.images);
  wg::print("mean squared error on test digits: {:.5f}, PCA with 8 components: {:.5f}", ours, pca);

  const wg::Tensor some = test.images.rows(0, 12);
  wg::write_image_strip("digits_autoencoder.svg",
                        {{"original", some}, {"autoencoder", model(some).value()}}, 8, 8);
  wg::print("written: digits_autoencoder.csv, digits_autoencoder.svg");
}
