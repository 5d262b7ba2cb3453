// SPDX-License-Identifier: MIT
// Nets that feed themselves, are taught some of the time, or hand a state to another.
#include <cmath>
#include <tuple>

#include <wengert/gradcheck/gradcheck.h>
#include <wengert/nn/recurrent/generate.h>
#include <wengert/nn/recurrent/gru_cell.h>
#include <wengert/nn/recurrent/lstm_cell.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/step_losses.h>
#include <wengert/wengert.h>

#include "../../catch.h"
#include "../distance.h"
#include "../lengths.h"

using namespace wengert;
using namespace wengert::nn_tests;
using Catch::Matchers::ContainsSubstring;

namespace {

using Net = Stacked<GruCell, Linear>;
Net net_of(Rng& rng) { return Stacked{GruCell{2, 4, rng}, Linear{4, 2, rng}}; }

Var energy(const std::vector<Var>& ys, const Tensor& mask) {
  std::vector<Var> nothing;
  for (const Var& y : ys) nothing.emplace_back(zeros(y.shape(), y.dtype()));
  return reduce(step_losses(mse, ys, nothing, mask));
}

/// From x0 [batch, 2] on its own.
struct FreeRun {
  Net net;
  std::size_t steps;
  Tensor mask = {};
  Var operator()(const Var& x0) const {
    const auto run = generate(net, x0, net.initial(x0), steps,
                              [](const Var& y) { return wengert::tanh(y); }, {.mask = mask});
    return energy(run.y, mask);
  }
  static void members(auto& self, auto&& visit) { visit("net", self.net); }
};

/// The same coins at every call.
struct Taught {
  Net net;
  Tensor mask = {};
  double probability = 0.5;
  Var operator()(const Var& x) const {
    Rng rng{11};
    const std::vector<Var> xs = list_of_steps(x);
    const auto run = unroll_taught(net, xs, net.initial(xs[0]), {probability, rng}, std::identity{},
                                   {.mask = mask});
    return energy(run.y, mask);
  }
  static void members(auto& self, auto&& visit) { visit("net", self.net); }
};

/// x [T, batch, 2] into a state, and out of it as many steps again from a start that is no input.
struct Translator {
  LstmCell encoder;
  Stacked<LstmCell, Linear> decoder;
  Tensor mask = {};
  Var operator()(const Var& x) const {
    const auto read = unroll(encoder, x, {.mask = mask, .fused = false});
    const Var start = zeros({x.shape()[1], 2}, x.dtype());
    const auto written = generate(decoder, start, std::tuple{read.last, Stateless{}}, x.shape()[0]);
    return energy(written.y, mask);
  }
  static void members(auto& self, auto&& visit) {
    visit("encoder", self.encoder);
    visit("decoder", self.decoder);
  }
};

/// One to many: x [batch, 3] becomes the first state, and the net runs freely from zeros. Its first
/// module is a plain layer, which sees a start that is on no tape.
struct Caption {
  Linear read;
  Stacked<Linear, RnnCell, Linear> write;
  std::size_t steps;
  Var operator()(const Var& x) const {
    const Var start = zeros({x.shape()[0], 2}, x.dtype());
    const auto run = generate(write, start, std::tuple{Stateless{}, read(x), Stateless{}}, steps);
    return energy(run.y, {});
  }
  static void members(auto& self, auto&& visit) {
    visit("read", self.read);
    visit("write", self.write);
  }
};

/// Many to one: x [T, batch, 2] to a number, from the last real state.
struct Reader {
  LstmCell cell;
  Linear head;
  Tensor mask = {};
  Var operator()(const Var& x) const {
    return mean(square(head(unroll(cell, x, {.mask = mask, .fused = false}).last.h)));
  }
  static void members(auto& self, auto&& visit) {
    visit("cell", self.cell);
    visit("head", self.head);
  }
};

template <class F>
void check(const F& f, const Tensor& x) {
  const CheckReport report = gradcheck(f, {x}, {.coordinates = 60});
  INFO(to_string(report));
  CHECK(report.agrees());
}

}  // namespace

TEST_CASE("a net that feeds itself has the gradient it claims in every form, masked or not") {
  Rng rng{3};
  for (const std::size_t steps : checked_lengths) {
    INFO("T = " << steps);
    const std::size_t lengths[] = {steps, (steps + 1) / 2};
    const Tensor mask = sequence_mask(lengths), x = rng.normal({steps, 2, 2});
    const Tensor first = rng.normal({2, 2});
    check(FreeRun{net_of(rng), steps}, first);
    check(FreeRun{net_of(rng), steps, mask}, first);
    for (const double probability : {0.0, 0.5, 1.0}) {
      check(Taught{net_of(rng), {}, probability}, x);
      check(Taught{net_of(rng), mask, probability}, x);
    }
    Translator translator{LstmCell{2, 3, rng}, Stacked{LstmCell{2, 3, rng}, Linear{3, 2, rng}}};
    check(translator, x);
    translator.mask = mask;
    check(translator, x);
    check(Caption{Linear{3, 4, rng},
                  Stacked{Linear{2, 3, rng}, RnnCell{3, 4, rng}, Linear{4, 2, rng}}, steps},
          rng.normal({2, 3}));
    check(Reader{LstmCell{2, 3, rng}, Linear{3, 1, rng}}, x);
    check(Reader{LstmCell{2, 3, rng}, Linear{3, 1, rng}, mask}, x);
  }
}

TEST_CASE("a free run sees its own outputs, one step late") {
  Rng rng{4};
  const Net net = net_of(rng);
  const Tensor x0 = rng.normal({3, 2});
  const auto run = generate(net, x0, net.initial(x0), 4);
  REQUIRE(run.xs.size() == 4);
  CHECK(distance(run.xs[0].value(), x0) == 0.0);
  for (std::size_t t = 1; t < 4; ++t)
    CHECK(distance(run.xs[t].value(), run.y[t - 1].value()) == 0.0);
  const auto again = unroll(net, run.xs);
  CHECK(distance(again.y[3].value(), run.y[3].value()) == 0.0);
}

TEST_CASE("a teacher of probability 1 is unroll, and of 0 a free run") {
  Rng rng{4};
  const Net net = net_of(rng);
  const std::vector<Var> xs = list_of_steps(rng.normal({5, 3, 2}));
  const Rng::State before = rng.state();
  const auto taught = unroll_taught(net, xs, net.initial(xs[0]), {1.0, rng});
  CHECK(distance(taught.y[4].value(), unroll(net, xs).y[4].value()) == 0.0);
  const auto untaught = unroll_taught(net, xs, net.initial(xs[0]), {0.0, rng});
  CHECK(distance(untaught.y[4].value(), generate(net, xs[0], net.initial(xs[0]), 5).y[4].value()) ==
        0.0);
  CHECK(rng.state() == before);
}

TEST_CASE("a teacher interferes as often as its probability says, for each sequence by itself") {
  Rng rng{4};
  const Net net = net_of(rng);
  const std::vector<Var> xs = list_of_steps(rng.normal({11, 400, 2}));
  const auto run = unroll_taught(net, xs, net.initial(xs[0]), {0.3, rng});
  double taught = 0, mixed = 0;
  for (std::size_t t = 1; t < 11; ++t)
    for (std::size_t b = 0; b < 400; ++b) {
      const double seen = run.xs[t].value().at({Extent(b), 0});
      const bool of_truth = seen == xs[t].value().at({Extent(b), 0});
      taught += of_truth;
      mixed +=
          of_truth != (run.xs[t].value().at({Extent(b), 1}) == xs[t].value().at({Extent(b), 1}));
    }
  CHECK(std::abs(taught / 4000 - 0.3) < 4 * std::sqrt(0.3 * 0.7 / 4000));
  CHECK(mixed == 0);
}

TEST_CASE("what is fed back can be cut loose from the gradient") {
  Rng rng{4};
  const Net net = net_of(rng);
  Tape tape;
  const Var x0 = tape.variable(rng.normal({1, 2}));
  const auto loose =
      generate(net, x0, net.initial(x0), 3, [](const Var& y) { return Var(y.value()); });
  CHECK(loose.xs[1].on_tape());
  CHECK(norm(tape.backward(sum(loose.y[2]), wrt(loose.h[0]))[loose.h[0]]).item() > 0);
  CHECK_THROWS_AS(tape.backward(sum(loose.y[2]), wrt(loose.y[1]))[loose.y[1]], TapeError);
}

TEST_CASE("a net that cannot feed itself is told why") {
  Rng rng{4};
  const GruCell cell{2, 4, rng};
  const Tensor x0 = zeros({3, 2});
  CHECK_THROWS_WITH(
      generate(cell, x0, cell.initial(x0), 2),
      ContainsSubstring("at step 1 is f32 [3, 4], but the first input is f32 [3, 2]"));
  CHECK_THROWS_AS(generate(cell, x0, cell.initial(x0), 0), ValueError);
  CHECK_THROWS_AS(generate(cell, x0, Var(zeros({2, 4})), 2), ShapeError);
  const std::vector<Var> xs(2, Var(x0));
  CHECK_THROWS_WITH(unroll_taught(cell, xs, cell.initial(x0), {1.5, rng}),
                    ContainsSubstring("in [0, 1]: 1.5"));
}
