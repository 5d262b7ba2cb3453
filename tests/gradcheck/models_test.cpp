// SPDX-License-Identifier: MIT
// No false alarms: every module, every loss and the models of the examples, at five seeds, by all
// tiers, and the second derivatives of what is twice differentiable.
#include <wengert/nn/vae.h>
#include <wengert/wengert.h>

#include "../nn/lengths.h"
#include "catch.h"

using namespace wengert;

namespace {

constexpr std::uint64_t seeds = 5;

std::size_t checked_models = 0;

template <class F>
void agrees(const std::string& name, const F& f, const std::vector<Tensor>& inputs,
            bool second_order = true) {
  ++checked_models;
  const CheckReport report = gradcheck(f, std::span<const Tensor>(inputs));
  INFO(name << "\n" << to_string(report));
  CHECK(report.agrees());
  if (!second_order) return;
  const CheckReport second = gradcheck_second_order(f, std::span<const Tensor>(inputs));
  INFO(to_string(second));
  CHECK(second.agrees());
}

struct Lecture {  // W_xh, W_hh, W_hy, a loss at each step
  Linear xh, hh, hy;
  Var operator()(const Var& x) const {
    Var h = wengert::tanh(xh(select(x, 0, 0)));
    Var total = sum(square(hy(h)));
    for (std::int64_t t = 1; t < static_cast<std::int64_t>(x.shape()[0]); ++t) {
      const Scope step(x, t);
      h = wengert::tanh(xh(select(x, 0, t)) + hh(h));
      total = total + sum(square(hy(h)));
    }
    return total;
  }
  static void members(auto& self, auto&& visit) {
    visit("xh", self.xh);
    visit("hh", self.hh);
    visit("hy", self.hy);
  }
};

/// An LSTM and a GRU step as compositions, four and three gates side by side.
Var lstm_step(const Linear& gates, const Var& x, const Var& h, Var& c) {
  const std::vector<Var> parts = split(gates(concat({x, h}, 1)), 4, 1);
  c = sigmoid(parts[1]) * c + sigmoid(parts[0]) * wengert::tanh(parts[2]);
  return sigmoid(parts[3]) * wengert::tanh(c);
}
Var gru_step(const Linear& gates, const Linear& candidate, const Var& x, const Var& h) {
  const std::vector<Var> parts = split(sigmoid(gates(concat({x, h}, 1))), 2, 1);
  const Var proposed = wengert::tanh(candidate(concat({x, parts[0] * h}, 1)));
  return (1.0 - parts[1]) * h + parts[1] * proposed;
}

}  // namespace

TEST_CASE("every module has the gradient it claims, at five seeds") {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Rng rng{seed};
    const Tensor x = rng.normal({6, 5});
    agrees("Linear", Linear{5, 4, rng}, {x});
    agrees("MaskedLinear", MaskedLinear{5, 4, 0.5, rng}, {x});
    agrees("Mlp, tanh", Mlp{{5, 8, 3}, wengert::tanh, rng}, {x});
    agrees("Mlp, relu", Mlp{{5, 8, 8, 3}, relu, rng}, {x});
    agrees("Mlp, gelu", Mlp{{5, 8, 3}, gelu, rng}, {x});
    agrees("LayerNorm", Sequential{LayerNorm{5}, Linear{5, 3, rng}}, {x});
    agrees("BatchNorm", Sequential{Linear{5, 4, rng}, BatchNorm{4}, Linear{4, 2, rng}}, {x});
    agrees("Dropout", Sequential{Linear{5, 8, rng}, Dropout{0.4, rng}, Linear{8, 2, rng}}, {x},
           false);
    agrees("Residual", Sequential{Residual{Linear{5, 5, rng}}, wengert::tanh}, {x});
    agrees("Flatten", Sequential{Flatten{}, Linear{10, 2, rng}}, {rng.normal({3, 2, 5})});
    const Embedding embedding{7, 4, rng};
    agrees(
        "Embedding", [&](const Var& words) { return sum(square(embedding(words)), -1); },
        {labels({0, 3, 3, 6, 0})}, false);
    agrees("softmax classifier",
           [net = Mlp{{5, 8, 3}, relu, rng}](const Var& v, const Var& labels) {
             return cross_entropy(net(v), labels);
           },
           {x, labels({0, 2, 1, 1, 0, 2})});
  }
  CHECK(checked_models >= 12 * seeds);
}

TEST_CASE("unrolled recurrent nets have the gradient they claim, in one step and in many") {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Rng rng{seed};
    for (const std::size_t steps : checked_lengths) {
      const Lecture rnn{{3, 4, rng}, {4, 4, rng}, {4, 2, rng}};
      agrees("the lecture's RNN", rnn, {rng.normal({steps, 2, 3})}, steps <= 5);
      const Linear gates{7, 16, rng}, three{7, 8, rng}, candidate{7, 4, rng};
      agrees(
          "LSTM",
          [&](const Var& x) {
            Var h(zeros({2, 4}, x.dtype())), c = h;
            for (std::size_t t = 0; t < steps; ++t)
              h = lstm_step(gates, select(x, 0, static_cast<std::int64_t>(t)), h, c);
            return sum(square(h));
          },
          {rng.normal({steps, 2, 3})}, steps <= 5);
      agrees(
          "GRU",
          [&](const Var& x) {
            Var h(zeros({2, 4}, x.dtype()));
            for (std::size_t t = 0; t < steps; ++t)
              h = gru_step(three, candidate, select(x, 0, static_cast<std::int64_t>(t)), h);
            return sum(square(h));
          },
          {rng.normal({steps, 2, 3})}, steps <= 5);
    }
  }
}

TEST_CASE("the examples' models have the gradient they claim, at five seeds") {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Rng rng{seed};
    const Tensor images = rng.uniform({4, 12});
    const Mlp autoencoder{{12, 6, 3, 6, 12}, relu, rng};
    agrees("autoencoder, MSE", [&](const Var& x) { return mse(autoencoder(x), x); }, {images});
    agrees("autoencoder, BCE", [&](const Var& x) { return bce_from_logits(autoencoder(x), x); },
           {images});
    const Vae vae{12, 8, 3, rng};
    agrees(
        "VAE",
        [&](const Var& x) {
          Rng draws{seed};
          const auto [reconstruction, divergence] = vae.loss(x, draws);
          return reconstruction + divergence;
        },
        {images}, false);
    const Mlp generator{{2, 8, 2}, wengert::tanh, rng}, discriminator{{2, 8, 1}, softplus, rng};
    const auto fooled = [&](const Var& z) {
      return -mean(log_sigmoid(discriminator(generator(z))));
    };
    const auto minimax = [&](const Var& z) { return -mean(softplus(discriminator(generator(z)))); };
    agrees("GAN, non-saturating", fooled, {rng.normal({6, 2})});
    agrees("GAN, minimax", minimax, {rng.normal({6, 2})});
  }
}

TEST_CASE("the hvp of a VAE's loss is the difference of its gradient") {
  Rng rng{3};
  const Vae vae{6, 5, 3, rng};
  const Tensor noise = rng.normal({4, 3}), x = rng.uniform({4, 6});
  // The reparameterised noise as an input, so that the function draws nothing.
  const auto loss = [&](const Var& images, const Var& e) {
    const auto [mean_of_q, log_variance] = vae.encode(images);
    const Var z = mean_of_q + exp(0.5 * log_variance) * e;
    return bce_from_logits(vae.decode(z), images, {.reduction = Reduction::sum}) +
           sum(kl_to_standard_normal(mean_of_q, log_variance));
  };
  const CheckReport report = gradcheck_second_order(loss, {x, noise});
  INFO(to_string(report));
  CHECK(report.agrees());
}
