// SPDX-License-Identifier: MIT
#include "vae.h"

#include "../ops/activation.h"
#include "../ops/arithmetic.h"
#include "../ops/elementwise.h"
#include "../ops/random.h"
#include "../ops/reduce.h"
#include "loss.h"

namespace wengert {

Var kl_to_standard_normal(const Var& mean, const Var& log_variance) {
  return 0.5 * sum(exp(log_variance) + square(mean) - 1 - log_variance, -1);
}

Vae::Posterior Vae::encode(const Var& x) const {
  const Var h = relu(hidden(x));
  return {mean(h), log_variance(h)};
}

Var Vae::sample(const Posterior& posterior, Rng& noise) {
  return posterior.mean + exp(0.5 * posterior.log_variance) * normal_like(posterior.mean, noise);
}

Var Vae::decode(const Var& z) const { return output(relu(back(z))); }

Vae::Loss Vae::loss(const Var& x, Rng& noise) const {
  const Posterior posterior = encode(x);
  const Var logits = decode(sample(posterior, noise));
  return {
      bce_from_logits(logits, x, {.reduction = Reduction::sum}) / static_cast<double>(x.shape()[0]),
      wengert::mean(kl_to_standard_normal(posterior.mean, posterior.log_variance))};
}

}  // namespace wengert
