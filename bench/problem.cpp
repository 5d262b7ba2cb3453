// SPDX-License-Identifier: MIT
#include "problem.h"

#include <cmath>

namespace bench {
namespace {

namespace wg = wengert;
using wg::Linear;
using wg::Tensor;
using wg::Var;

constexpr std::size_t time_steps = 100;

// As in bench/peers.py: uniform in +-1/sqrt(fan_in), PyTorch's default.
Tensor by_fan_in(const wg::Shape& shape, wg::Rng& rng) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(shape.back()));
  return rng.uniform(shape, -bound, bound);
}
Linear layer(std::size_t in, std::size_t out, wg::Rng& rng, bool bias = true) {
  return Linear(in, out, rng, {.bias = bias, .weight = by_fan_in});
}

/// `loss(model, tape)` with Adam at 1e-3.
template <class Model, class Loss>
Problem train(std::string name, Model model, Loss loss, Derived derived) {
  const auto shared = std::make_shared<Model>(std::move(model));
  const auto adam = std::make_shared<wg::Adam>(wg::Adam::Options{.rate = 1e-3});
  return {std::move(name),
          [shared, loss = std::move(loss)](wg::Tape& tape) { return loss(*shared, tape); },
          [shared, adam](const wg::Gradients& gradients) { adam->update(*shared, gradients); },
          std::move(derived)};
}

/// Multiplications and additions of the products of a dense net: three a layer, but the gradient
/// by the first layer's input is not asked for.
Derived dense_flops(std::size_t batch, std::initializer_list<std::size_t> sizes) {
  double weights = 0;
  for (const std::size_t* size = sizes.begin(); size + 1 != sizes.end(); ++size)
    weights += (size == sizes.begin() ? 2.0 : 3.0) * static_cast<double>(size[0] * size[1]);
  return gigaflops(2.0 * static_cast<double>(batch) * weights);
}

}  // namespace

Problem autoencoder(std::size_t batch) {
  wg::Rng rng{1};
  const Tensor images = rng.uniform({batch, 784});
  return train(
      "ae" + std::to_string(batch),
      wg::Sequential{layer(784, 128, rng), wg::relu, layer(128, 64, rng), wg::relu,
                     layer(64, 128, rng), wg::relu, layer(128, 784, rng)},
      [images](const auto& model, wg::Tape& tape) {
        const Var x = tape.input(images);
        return wg::bce_from_logits(model(x), x);
      },
      dense_flops(batch, {784, 128, 64, 128, 784}));
}

Problem classifier() {
  wg::Rng rng{1};
  const Tensor images = rng.uniform({128, 784});
  const Tensor labels = rng.integers(0, 10, {128});
  return train(
      "mlp128",
      wg::Sequential{layer(784, 512, rng), wg::relu, layer(512, 512, rng), wg::relu,
                     layer(512, 10, rng)},
      [=](const auto& model, wg::Tape& tape) {
        return wg::cross_entropy(model(tape.input(images)), labels);
      },
      dense_flops(128, {784, 512, 512, 10}));
}

Problem matrix_exponential() {
  wg::Rng rng{1};
  const Tensor inputs = rng.normal({10000, 4});
  const Tensor targets = rng.normal({10000, 4});
  return train(
      "matexp",
      wg::Sequential{layer(4, 32, rng), wg::tanh, layer(32, 16, rng), wg::tanh, layer(16, 4, rng)},
      [=](const auto& model, wg::Tape& tape) {
        return wg::mse(model(tape.input(inputs)), targets);
      },
      dense_flops(10000, {4, 32, 16, 4}));
}

namespace {

struct Recurrent {
  Linear from_input;
  Linear from_hidden;
  Linear readout;
  static void members(auto& self, auto&& visit) {
    visit("from_input", self.from_input);
    visit("from_hidden", self.from_hidden);
    visit("readout", self.readout);
  }
};

}  // namespace

Problem recurrent(std::size_t width, std::size_t batch) {
  wg::Rng rng{1};
  const Tensor inputs = rng.uniform({time_steps, batch, 2});
  const Tensor targets = rng.uniform({batch, 1});
  return train(
      "rnn_" + std::to_string(width) + "_" + std::to_string(batch),
      Recurrent{layer(2, width, rng), layer(width, width, rng), layer(width, 1, rng)},
      [=](const auto& model, wg::Tape& tape) {
        Var hidden = tape.input(wg::zeros({batch, width}));
        for (std::size_t t = 0; t < time_steps; ++t) {
          const Var x = tape.input(inputs[t]);
          hidden = wg::tanh(model.from_input(x) + model.from_hidden(hidden));
        }
        return wg::mse(model.readout(hidden), targets);
      },
      microseconds_per("time step", time_steps));
}

Problem unrolled(std::size_t width, std::size_t batch) {
  wg::Rng rng{1};
  const Tensor inputs = rng.uniform({time_steps, batch, 2});
  const Tensor targets = rng.uniform({time_steps, batch, 1});
  return train(
      "unroll_" + std::to_string(width) + "_" + std::to_string(batch),
      Recurrent{layer(2, width, rng), layer(width, width, rng, false), layer(width, 1, rng)},
      [=](const auto& model, wg::Tape& tape) {
        Var hidden = tape.input(wg::zeros({batch, width}));
        Var loss = tape.input(wg::scalar(0));
        for (std::size_t t = 0; t < time_steps; ++t) {
          const Var x = tape.input(inputs[t]);
          hidden = wg::tanh(model.from_input(x) + model.from_hidden(hidden));
          loss = loss + wg::mse(model.readout(hidden), targets[t]);
        }
        return loss;
      },
      microseconds_per("time step", time_steps));
}

}  // namespace bench
