// SPDX-License-Identifier: MIT
#include <cmath>
#include <vector>

#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;

TEST_CASE("signal to noise of a gradient that is known: a mean of normals") {
  Rng rng{5};
  Linear model{1, 1, rng, {.bias = false}};
  const double signal = 0.5, deviation = 2.0;
  std::vector<Gradients> batches;
  std::vector<Tape> tapes(4000);
  // The loss is w times a draw, so that its gradient is the draw.
  for (Tape& tape : tapes) {
    const Var x = tape.input(full({1, 1}, signal + deviation * rng.normal()));
    batches.push_back(tape.backward(sum(model(x))));
  }
  const auto result = gradflow::signal_to_noise(model, batches);
  REQUIRE(result.size() == 1);
  CHECK(result[0].parameter == "weight");
  // The mean of 4000 draws has a standard error of 0.032.
  CHECK(result[0].signal == Approx(signal).margin(0.13));
  CHECK(result[0].noise == Approx(deviation).epsilon(0.05));
  CHECK(result[0].ratio() == Approx(result[0].signal / result[0].noise));
  CHECK_THROWS_WITH(gradflow::signal_to_noise(model, std::span(batches).first(1)),
                    Catch::Contains("two gradients"));
}
