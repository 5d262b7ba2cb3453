// SPDX-License-Identifier: MIT
// Recurrence through a mask.
#include <wengert/gradcheck/gradcheck.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/sparse_rnn_cell.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/wengert.h>

#include "../../catch.h"
#include "../distance.h"
#include "../lengths.h"

using namespace wengert;
using namespace wengert::nn_tests;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Whole {
  SparseRnnCell cell;
  Tensor mask;
  Var operator()(const Var& x) const {
    return mean(square(stack(unroll(cell, x, {.mask = mask, .fused = false}).h)));
  }
  static void members(auto& self, auto&& visit) { visit("cell", self.cell); }
};

/// Unit i hears unit i - 1 only.
Tensor chain(std::size_t n) {
  Tensor mask = zeros({n, n});
  for (std::size_t i = 1; i < n; ++i) mask.mutable_data<float>()[i * n + i - 1] = 1.0F;
  return mask;
}

double largest_masked(const MaskedLinear& layer) {
  return max(abs(where(layer.mask.value(), 0.0, Var(layer.weight.value())))).item();
}

}  // namespace

TEST_CASE("a sparse recurrent cell has the gradient it claims, masked or not") {
  Rng rng{3};
  for (const std::size_t steps : checked_lengths) {
    const std::size_t lengths[] = {steps, (steps + 1) / 2};
    const Tensor x = rng.normal({steps, 2, 3});
    for (const Tensor& mask : {Tensor{}, sequence_mask(lengths)}) {
      const CheckReport report = gradcheck(Whole{SparseRnnCell{3, 6, 0.4, rng}, mask}, {x});
      INFO("T = " << steps << (mask.defined() ? ", masked\n" : "\n") << to_string(report));
      CHECK(report.agrees());
    }
  }
}

TEST_CASE("masked recurrent weights are exactly zero through training with every pull on them") {
  Rng rng{3};
  Whole net{SparseRnnCell{3, 6, 0.4, rng}, {}};
  const Tensor before = net.cell.recurrent.weight.value();
  AdamW adam{{.rate = 0.05, .decay = 0.1}};
  const Tensor x = rng.normal({6, 8, 3});
  for (int step = 0; step < 20; ++step) {
    Tape tape;
    adam.update(net, tape.backward(net(tape.input(x))));
  }
  CHECK(largest_masked(net.cell.input) == 0.0);
  CHECK(largest_masked(net.cell.recurrent) == 0.0);
  CHECK(net.cell.recurrent.active_weights() == 14);
  CHECK(distance(before, net.cell.recurrent.weight.value()) > 0.01);
}

TEST_CASE("with masks of ones a sparse cell is an RnnCell") {
  Rng rng{3};
  RnnCell dense{3, 4, rng};
  SparseRnnCell sparse{MaskedLinear{ones({4, 3}), rng},
                       MaskedLinear{ones({4, 4}), rng, {.bias = false}}};
  sparse.input.weight.set(dense.W_xh.value());
  sparse.recurrent.weight.set(dense.W_hh.value());
  const Tensor x = rng.normal({5, 2, 3});
  CHECK(distance(unroll(dense, x, {.fused = false}).last.value(), unroll(sparse, x).last.value()) ==
        0.0);
}

TEST_CASE("along a chain of units nothing is heard earlier than its distance") {
  Rng rng{3};
  Tensor only_first = zeros({5, 1});
  only_first.mutable_data<float>()[0] = 1.0F;
  const SparseRnnCell cell{MaskedLinear{only_first, rng},
                           MaskedLinear{chain(5), rng, {.bias = false}}};
  Tensor x = zeros({5, 1, 1});
  x.mutable_data<float>()[0] = 1.0F;
  const auto run = unroll(cell, x);
  for (std::size_t t = 0; t < 5; ++t)
    for (std::size_t unit = 0; unit < 5; ++unit)
      CHECK((run.h[t].value().at({0, Extent(unit)}) != 0.0) == (unit == t));
}

TEST_CASE("a sparse cell gets its gradient from a state on the tape alone") {
  Rng rng{3};
  const SparseRnnCell cell{3, 4, 0.5, rng};
  Tape tape;
  const Var h = cell(rng.normal({2, 3}), tape.input(rng.normal({2, 4})));
  const Gradients gradients = tape.backward(sum(h));
  CHECK(norm(gradients[cell.input.weight]).item() > 0);
  CHECK(norm(gradients[cell.recurrent.weight]).item() > 0);
}

TEST_CASE("a sparse cell refuses layers that do not fit each other") {
  Rng rng{3};
  CHECK_THROWS_WITH((SparseRnnCell{MaskedLinear{3, 4, 0.5, rng}, MaskedLinear{4, 5, 0.5, rng}}),
                    ContainsSubstring("[n, n], got [5, 4]"));
  CHECK_THROWS_AS((SparseRnnCell{MaskedLinear{3, 5, 0.5, rng}, MaskedLinear{4, 4, 0.5, rng}}),
                  ShapeError);
  CHECK_THROWS_AS((SparseRnnCell{MaskedLinear{3, 4, 0.5, rng}, MaskedLinear{infer, 4, 0.5, rng}}),
                  ValueError);
  const SparseRnnCell told{MaskedLinear{infer, 4, 0.5, rng}, MaskedLinear{4, 4, 0.5, rng}};
  CHECK(unroll(told, rng.normal({2, 1, 7})).last.shape() == Shape{1, 4});
}
