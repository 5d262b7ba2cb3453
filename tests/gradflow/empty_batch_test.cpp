// SPDX-License-Identifier: MIT
// Of a batch without samples no instrument says anything, and none divides by their number.
#include <wengert/gradflow/flow.h>
#include <wengert/gradflow/study.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;
namespace gf = wengert::gradflow;

TEST_CASE("the instruments refuse an empty batch and name its shape") {
  Rng rng{1};
  const RnnCell cell{2, 3, rng};
  Tape tape;
  const auto run = unroll(cell, tape.input(zeros({4, 0, 2})), {.fused = false});
  const Var loss = sum(run.last);
  const std::vector<Var> losses{loss};
  const auto refused = Catch::Contains("the hidden states are [0, 3], which has no elements");
  CHECK_THROWS_WITH(gf::study(tape, run.h, loss), refused);
  CHECK_THROWS_WITH(gf::credit(tape, run.h, losses), refused);
  CHECK_THROWS_WITH(gf::ledger(tape, run.h, losses), refused);
  CHECK_THROWS_WITH(gf::saturation(tape, run.h), refused);
  const Gradients gradients = tape.backward(loss, wrt(run.h));
  CHECK_THROWS_WITH(gf::flow(gradients, run.h), refused);
  CHECK_THROWS_WITH(gf::saturated_share(run.h, Activation::tanh), refused);
}
