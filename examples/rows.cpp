// SPDX-License-Identifier: MIT
// Images read row by row: a recurrent net sees 28 steps of 28 pixels and says at the end what it
// was; a simple one takes --cell rnn --units 128 --epochs 30 --rate 1e-3. With --mnist1d FILE the
// 40 numbers of MNIST-1D (Greydanus, arXiv:2011.14439) one by one, 100 times.
#include <wengert/wengert.h>

#include "gradient_page.h"
#include "images.h"
namespace wg = wengert;

namespace {

struct Task {
  std::string name;
  wg::data::Dataset train, test;  ///< [n, steps, numbers a step] and labels
};

Task rows_of(const wg::data::ImageSets& images) {
  const auto rows = [&](const wg::data::Labelled& part) -> wg::data::Dataset {
    return {part.images.reshape({-1, images.height, images.width}), part.labels};
  };
  return {images.name, rows(images.train), rows(images.test)};
}

Task mnist1d(const std::string& file, bool quick) {
  const auto arrays = wg::data::read_npz(file);
  const auto part = [&](const std::string& name) -> wg::data::Dataset {
    const auto x = arrays.at("x_" + name).reshape({-1, 40, 1}).to(wg::f32);
    const wg::data::Dataset all{x, arrays.at("y_" + name).to(wg::i64)};
    return quick ? all.rows(0, 500) : all;
  };
  return {"MNIST-1D", part("train"), part("test")};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A recurrent net reads images row by row");
  const GradientPages pages(app);
  std::string name = "gru", file;
  std::size_t units = 64;
  std::uint64_t seeds = 1;
  app.add_option("--cell", name, "of the net")->check(CLI::IsMember({"rnn", "gru", "lstm"}));
  app.add_option("--units", units, "of the cell")->check(CLI::Range(1, 4096));
  app.add_option("--seeds", seeds, "trainings")->check(CLI::Range(1, 99));
  app.add_option("--mnist1d", file, "mnist1d.npz in place of images")->check(CLI::ExistingFile);
  auto options = parse(argc, argv, app, {.epochs = 10, .batch = 128, .rate = 4e-3}, {"--resume"});
  const Task task = file.empty() ? rows_of(load_images(options)) : mnist1d(file, options.quick);
  if (!file.empty() && app.count("--epochs") == 0 && !options.quick) options.epochs = 100;
  const wg::Shape shape = task.train.inputs.shape();
  wg::print("{}: {} sequences of {} steps; a guess is right in 0.1", task.name, shape[0], shape[1]);

  const auto train = [&](const auto& make) {
    std::vector<double> reached;
    for (std::uint64_t seed = options.seed; seed < options.seed + seeds; ++seed) {
      wg::Rng rng{seed};
      wg::Sequential model{wg::Recurrent{make(rng), wg::Steps::last}, wg::Linear{units, 10, rng}};
      const auto& cell = model.template get<0>().cell;
      const auto& readout = model.template get<1>();
      pages.show(cell, readout, wg::cross_entropy, task.test.rows(0, 32), "before");
      wg::Adam adam{{.rate = options.rate}};
      wg::fit(model, task.train,
              {.loss = wg::cross_entropy,
               .optimizer = adam.clip({.norm = 1}),
               .epochs = options.epochs,
               .batch = options.batch,
               .schedule = wg::CosineDecay{},
               .seed = seed});
      pages.show(cell, readout, wg::cross_entropy, task.test.rows(0, 32), "after");
      const auto right = wg::accuracy(wg::predict(model, task.test.inputs), task.test.targets);
      wg::print("{}: accuracy on {} unseen sequences {}", name, task.test.size(), right);
      reached.push_back(right);
    }
    if (seeds > 1) wg::print("{}: mean over {} seeds {}", name, seeds, wg::mean_of(reached));
  };
  if (name == "rnn") train([&](wg::Rng& rng) { return wg::RnnCell{shape[2], units, rng}; });
  if (name == "gru") train([&](wg::Rng& rng) { return wg::GruCell{shape[2], units, rng}; });
  if (name == "lstm") train([&](wg::Rng& rng) { return wg::LstmCell{shape[2], units, rng}; });
}
