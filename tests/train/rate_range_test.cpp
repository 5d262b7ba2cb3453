// SPDX-License-Identifier: MIT
// The learning-rate range test.
#include <cmath>
#include <stdexcept>

#include <wengert/train/rate_range.h>
#include <wengert/wengert.h>

#include "../catch.h"
#include "../same_bits.h"

using namespace wengert;

namespace {

struct Line {
  Rng rng{1};
  Tensor x = rng.normal({64, 1});
  Tensor y = (2 * Var(x) + 1 + 0.1 * Var(rng.normal({64, 1}))).value();
  Linear line{1, 1, rng};
};

}  // namespace

TEST_CASE("a range test on a line finds rates between too small and divergence") {
  // Plain descent on mean (w x + b - y)^2 with x of variance 1 diverges above a rate of 1.
  Line problem;
  const RateRange range = rate_range(
      problem.line, {problem.x, problem.y},
      {.loss = mse, .optimizer = Sgd{{.rate = 1.0}}, .low = 1e-5, .high = 100.0, .smoothing = 0.5});
  CHECK(range.steepest > 1e-3);
  CHECK(range.steepest < 1.0);
  CHECK(range.least >= range.steepest);
  CHECK(range.least < 2.0);
  CHECK(range.rates.size() < 200);  // it ended early
  CHECK(range.smooth.size() == range.rates.size());
  const Figure figure = figure_of(range);
  REQUIRE(figure.panels.size() == 1);
  CHECK(figure.panels[0].x.log);
  CHECK(figure.panels[0].marks.size() == 2);
}

TEST_CASE("the model is as before after a range test, also after one that throws") {
  Line problem;
  const Tensor before = problem.line.weight.value();
  rate_range(problem.line, {problem.x, problem.y}, {.optimizer = Sgd{{.rate = 1.0}}});
  CHECK(same_bits(before, problem.line.weight.value()));
  int calls = 0;
  const Loss fails("fails", [&](const Var& p, const Var& t) -> Var {
    if (++calls == 5) throw std::runtime_error("enough");
    return mse(p, t);
  });
  CHECK_THROWS_WITH(rate_range(problem.line, {problem.x, problem.y},
                               {.loss = fails, .optimizer = Sgd{{.rate = 1.0}}}),
                    "enough");
  CHECK(same_bits(before, problem.line.weight.value()));
}

TEST_CASE("a range test refuses limits and numbers of steps that make no sense") {
  Line problem;
  const data::Dataset data(problem.x, problem.y);
  const Sgd sgd;
  CHECK_THROWS_AS(rate_range(problem.line, data, {.optimizer = sgd, .low = 1.0, .high = 0.1}),
                  ValueError);
  CHECK_THROWS_AS(rate_range(problem.line, data, {.optimizer = sgd, .steps = 2}), ValueError);
  CHECK_THROWS_AS(rate_range(problem.line, data, {.optimizer = sgd, .smoothing = 1.0}), ValueError);
}
