// SPDX-License-Identifier: MIT
// What unroll gives back in padding, and which first states it takes.
#include <wengert/nn/linear.h>
#include <wengert/nn/recurrent/gru_cell.h>
#include <wengert/nn/recurrent/lstm_cell.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/wengert.h>

#include "../../catch.h"
#include "../../same_bits.h"

using namespace wengert;

TEST_CASE("in padding a cell's output stands still as its state does") {
  Rng rng{1};
  const std::size_t lengths[] = {4, 1};
  const Tensor x = rng.normal({4, 2, 2}), mask = sequence_mask(lengths);
  const auto check = [&](const auto& cell) {
    const auto run = unroll(cell, x, {.mask = mask});
    REQUIRE(run.y.size() == 4);
    for (std::size_t t = 0; t < 4; ++t) CHECK(same_bits(run.y[t].value(), run.h[t].value()));
    CHECK(same_bits(select(run.y.back(), 0, 1).value(), select(run.y[0], 0, 1).value()));
  };
  check(RnnCell{2, 3, rng});
  check(LstmCell{2, 3, rng});
  check(GruCell{2, 3, rng});
  // What a layer above makes of it is made of the state within the step.
  const Stacked net{RnnCell{2, 3, rng}, Linear{3, 1, rng}};
  CHECK(unroll(net, x, {.mask = mask}).y.back().shape() == Shape{2, 1});
}

TEST_CASE("a first state of another shape than the steps give is refused, step by step as well") {
  Rng rng{1};
  const Tensor x = rng.normal({4, 3, 2});
  const RnnCell cell{2, 3, rng};
  const LstmCell lstm{2, 3, rng};
  CHECK_THROWS_AS(unroll(cell, x, Var(zeros({3}))), ShapeError);
  CHECK_THROWS_WITH(unroll(cell, x, Var(zeros({3})), {.fused = false}),
                    "unroll: 'h' of the first state is [3], after a step it is [3, 3]; begin with "
                    "the shape that the steps keep");
  CHECK_THROWS_WITH(unroll(lstm, x, LstmState{zeros({3, 3}), zeros({3})}, {.fused = false}),
                    Catch::Contains("'c' of the first state is [3]"));
  const Tensor full_mask = ones({4, 3});
  CHECK_THROWS_AS(unroll(cell, x, Var(zeros({3})), {.mask = full_mask}), ShapeError);
}
