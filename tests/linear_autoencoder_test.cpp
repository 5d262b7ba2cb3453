// SPDX-License-Identifier: MIT
// The one autoencoder whose optimum is known: without activations it is principal component
// analysis (Baldi and Hornik 1989).
#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;

TEST_CASE("a linear autoencoder reaches PCA's error within 1 % and never goes below") {
  const Tensor x = data::digits().images.rows(0, 600).to(f64);
  const double floor = data::reconstruction_error(data::pca(x, 8), x);
  Rng rng{1};
  Sequential net{Linear{64, 8, rng}, Linear{8, 64, rng}};
  to(net, f64);
  const auto loss = [&](Tape& tape) { return mse(net(tape.input(x)), x); };
  double least = 1e9;
  for (const std::int64_t iterations : {5, 50, 3000}) {
    least = Lbfgs{{.iterations = iterations}}.minimize(net, loss).loss;
    CHECK(least >= floor * (1 - 1e-9));
  }
  CHECK(least <= 1.01 * floor);
  // The decoder's columns span the space of the leading components: what is left of them is small.
  const Tensor decoder = transpose(Var(net.get<1>().weight.value())).value();  // [8, 64]
  const Tensor components = data::pca(x, 8).components;
  const Var inside = matmul(matmul(Var(decoder), transpose(Var(components))), Var(components));
  CHECK((norm(Var(decoder) - inside) / norm(Var(decoder))).item() < 1e-3);
}
