// SPDX-License-Identifier: MIT
// The demo's models on the bundled digits: they reach what is promised, and the same bits every
// time.
#include <wengert/data/digits.h>
#include <wengert/data/pca.h>
#include <wengert/wengert.h>

#include "catch.h"
#include "same_bits.h"

using namespace wengert;

namespace {

struct Trained {
  double measure;
  std::vector<Tensor> weights;
};

template <class Model, class Loss>
void train(Model& model, const Loss& loss, std::size_t n, std::size_t epochs, Rng& rng) {
  Adam adam{{.rate = 3e-3}};
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    const Tensor order = rng.permutation(n);
    for (std::size_t i = 0; i + 32 <= n; i += 32) {
      Tape tape;
      const Var value = loss(tape, Var(order.rows(i, i + 32)));
      adam.update(model, tape.backward(value));
    }
  }
}

template <class Model>
std::vector<Tensor> weights(Model& model) {
  std::vector<Tensor> result;
  for (const Parameter* parameter : parameters(model)) result.push_back(parameter->value());
  return result;
}

Trained classifier(std::uint64_t seed) {
  Rng rng{seed};
  const auto [seen, unseen] = data::split(data::digits(), 0.25, rng);
  Sequential model{Linear{64, 32, rng}, relu, Linear{32, 10, rng}};
  const auto& [images, labels] = seen;
  train(
      model,
      [&, &images = images, &labels = labels](Tape& tape, const Var& rows) {
        return cross_entropy(model(tape.input(take(images, rows))), take(labels, rows));
      },
      labels.size(), 60, rng);
  return {accuracy(model(unseen.images), unseen.labels), weights(model)};
}

}  // namespace

TEST_CASE("the classifier reads at least 96 % of unseen digits, in the mean of five seeds") {
  double mean = 0;
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) mean += classifier(seed).measure / 5;
  CHECK(mean >= 0.96);
  CHECK(classifier(1).measure >= 0.96);  // the demo's
}

TEST_CASE("the same seed gives the same bits, training after training") {
  const Trained first = classifier(1), second = classifier(1), other = classifier(2);
  for (std::size_t i = 0; i < first.weights.size(); ++i) {
    CHECK(same_bits(first.weights[i], second.weights[i]));
    CHECK_FALSE(same_bits(first.weights[i], other.weights[i]));
  }
}

TEST_CASE("an autoencoder through 8 numbers beats the best linear one on unseen digits") {
  Rng rng{1};
  const auto [seen, unseen] = data::split(data::digits(), 0.25, rng);
  Sequential model{
      Linear{64, 32, rng}, wengert::tanh, Linear{32, 8, rng}, Linear{8, 32, rng}, wengert::tanh,
      Linear{32, 64, rng}, sigmoid};
  const Tensor images = seen.images;
  train(
      model,
      [&](Tape& tape, const Var& rows) {
        const Var x = tape.input(take(images, rows));
        return mse(model(x), x);
      },
      images.shape()[0], 40, rng);
  const double linear = data::reconstruction_error(data::pca(images, 8), unseen.images);
  CHECK(mse(model(unseen.images), unseen.images).item() < 0.85 * linear);
}

TEST_CASE("PCA keeps what the leading directions hold and no more") {
  // Two directions of variance 4 and 1 in three dimensions, without noise.
  const Tensor x = matrix({{2, 0, 5}, {-2, 0, 5}, {0, 1, 5}, {0, -1, 5}}, f64);
  CHECK(data::reconstruction_error(data::pca(x, 2), x) < 1e-15);
  CHECK(data::reconstruction_error(data::pca(x, 1), x) == Approx(2.0 / 12));
  CHECK_THROWS_WITH(data::pca(x, 4), "pca: width 4 is outside [1, 3]");
}
