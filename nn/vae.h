// SPDX-License-Identifier: MIT
// The variational autoencoder of Kingma and Welling ("Auto-encoding variational Bayes", 2014), with
// a Bernoulli likelihood: the paper's equations and nothing else.
#pragma once

#include "linear.h"

namespace wengert {

/// x [n, pixels] in [0, 1] -> q(z | x) = N(mean, e^log_variance), [n, latent] -> p(x | z) as
/// logits.
struct Vae {
  struct Posterior {
    Var mean, log_variance;
  };
  /// The two terms of -ELBO, in nats a sample; their sum is the loss.
  struct Loss {
    Var reconstruction;  ///< -ln p(x | z) for one z drawn from q(z | x)
    Var divergence;      ///< KL(q(z | x) || N(0, 1)), see below
  };

  Vae(std::size_t pixels, std::size_t width, std::size_t latent, Rng& rng)
      : hidden(pixels, width, rng),
        mean(width, latent, rng),
        log_variance(width, latent, rng),
        back(latent, width, rng),
        output(width, pixels, rng) {}

  Posterior encode(const Var& x) const;
  /// mean + e^(log_variance / 2) noise: a draw that a gradient can flow through.
  static Var sample(const Posterior& posterior, Rng& noise);
  Var decode(const Var& z) const;
  Loss loss(const Var& x, Rng& noise) const;
  /// The pictures of the posterior's means, as logits.
  Var operator()(const Var& x) const { return decode(encode(x).mean); }

  static void members(auto& self, auto&& visit) {
    visit("hidden", self.hidden);
    visit("mean", self.mean);
    visit("log_variance", self.log_variance);
    visit("back", self.back);
    visit("output", self.output);
  }

  Linear hidden, mean, log_variance, back, output;
};

/// KL(N(mean, e^log_variance) || N(0, 1)) = sum (e^s + m^2 - 1 - s) / 2 over the last axis
/// (the same paper, appendix B): [..., d] -> [...].
Var kl_to_standard_normal(const Var& mean, const Var& log_variance);

}  // namespace wengert
