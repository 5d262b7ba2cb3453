// SPDX-License-Identifier: MIT
// Two directions over one sequence, padded or not.
#include <wengert/gradcheck/gradcheck.h>
#include <wengert/graph/recording.h>
#include <wengert/nn/recurrent/bidirectional.h>
#include <wengert/nn/recurrent/gru_cell.h>
#include <wengert/nn/recurrent/lstm_cell.h>
#include <wengert/wengert.h>

#include "../../catch.h"
#include "../distance.h"
#include "../lengths.h"

using namespace wengert;
using namespace wengert::nn_tests;

namespace {

using Both = Bidirectional<LstmCell, GruCell>;

struct Deep {
  Both lower;
  Bidirectional<GruCell> upper;
  Tensor mask = {};
  bool fused = false;
  Var operator()(const Var& x) const {
    const auto first = unroll(lower, x, {.mask = mask, .fused = fused});
    const auto second = unroll(upper, std::span<const Var>(first.y), {.mask = mask});
    return mean(square(second.last)) + mean(square(second.y[0]));
  }
  static void members(auto& self, auto&& visit) {
    visit("lower", self.lower);
    visit("upper", self.upper);
  }
};

Tensor sequence(const Tensor& batch, std::size_t b, std::size_t steps) {
  const auto at = static_cast<std::int64_t>(b);
  return slice(slice(Var(batch), 1, at, at + 1), 0, 0, static_cast<std::int64_t>(steps)).value();
}
Tensor row(const Var& y, std::size_t b) { return y.value().rows(b, b + 1); }

}  // namespace

TEST_CASE("in both directions a padded sequence has the outputs and gradients it has alone") {
  Rng rng{8};
  Deep net{{LstmCell{3, 4, rng}, GruCell{3, 2, rng}}, {GruCell{6, 2, rng}, GruCell{6, 3, rng}}};
  to(net, f64);
  const std::size_t lengths[] = {5, 2, 6, 1};
  const Tensor x = rng.normal({6, 4, 3}, f64);
  net.mask = sequence_mask(lengths);
  const auto padded = unroll(net.lower, x, {.mask = net.mask});
  Tape tape;
  const Gradients whole = tape.backward(net(tape.input(x)));
  std::vector<Tensor> total;
  for (const Parameter* parameter : parameters(net))
    total.push_back(zeros_like(parameter->value()));
  for (std::size_t b = 0; b < 4; ++b) {
    const Tensor own = sequence(x, b, lengths[b]);
    const auto alone = unroll(net.lower, own, {.fused = false});
    for (std::size_t t = 0; t < lengths[b]; ++t)
      CHECK(distance(row(padded.y[t], b), alone.y[t].value()) < 1e-15);
    CHECK(distance(row(padded.last, b), alone.last.value()) < 1e-15);
    CHECK(distance(row(padded.forward.last.c, b), alone.forward.last.c.value()) < 1e-15);
    CHECK(distance(row(padded.backward.last, b), alone.backward.last.value()) < 1e-15);
    Deep single = net;
    single.mask = {};
    Tape part;
    const Gradients gradients = part.backward(single(part.input(own)));
    const std::vector<Parameter*> list = parameters(single);
    for (std::size_t p = 0; p < list.size(); ++p)
      total[p] = (Var(total[p]) + 0.25 * gradients[*list[p]]).value();
  }
  const std::vector<Parameter*> list = parameters(net);
  for (std::size_t p = 0; p < list.size(); ++p)
    CHECK(distance(whole[*list[p]].value(), total[p]) < 1e-15);
}

TEST_CASE("the backward direction is the same cell over the sequence turned round") {
  Rng rng{8};
  const Both net{LstmCell{3, 4, rng}, GruCell{3, 2, rng}};
  const Tensor x = rng.normal({5, 2, 3});
  const auto both = unroll(net, x, {.fused = false});
  const auto turned = unroll(net.backward, flip(Var(x), {0}), {.fused = false});
  for (std::size_t t = 0; t < 5; ++t) {
    CHECK(distance(both.backward.h[t].value(), turned.h[4 - t].value()) == 0.0);
    CHECK(both.y[t].shape() == Shape{2, 6});
  }
  CHECK(distance(both.last.value(), concat({both.forward.h[4], turned.h[4]}, 1).value()) == 0.0);
}

TEST_CASE("both directions over a whole sequence at once give what they give step by step") {
  Rng rng{8};
  Both net{LstmCell{3, 4, rng}, GruCell{3, 2, rng}};
  to(net, f64);
  const Tensor x = rng.normal({5, 2, 3}, f64);
  const auto at_once = unroll(net, x), by_steps = unroll(net, x, {.fused = false});
  for (std::size_t t = 0; t < 5; ++t)
    CHECK(distance(at_once.y[t].value(), by_steps.y[t].value()) < 1e-14);
  CHECK(distance(at_once.last.value(), by_steps.last.value()) < 1e-14);
  CHECK(distance(at_once.backward.last.value(), by_steps.backward.last.value()) < 1e-14);
}

TEST_CASE("both directions carry the step they belong to on the tape") {
  Rng rng{8};
  const Both net{LstmCell{3, 4, rng}, GruCell{3, 2, rng}};
  Tape tape;
  const auto both = unroll(net, tape.input(rng.normal({5, 2, 3})), {.fused = false});
  const detail::Recording& recording = tape.recording();
  const auto place = [&](const Var& h) {
    return recording.places[recording.nodes[detail::Recording::index_of(h)].place];
  };
  CHECK(place(both.forward.h[1]).step == 1);
  CHECK(place(both.backward.h[1]).step == 1);
  CHECK(place(both.backward.h[1]).path == "backward");
}

TEST_CASE("two bidirectional layers have the gradient they claim, masked or not") {
  Rng rng{3};
  for (const std::size_t steps : checked_lengths) {
    const std::size_t lengths[] = {(steps + 1) / 2, steps};
    const Tensor x = rng.normal({steps, 2, 3});
    for (const bool fused : {false, true})
      for (const Tensor& mask : {Tensor{}, sequence_mask(lengths)}) {
        const Deep net{{LstmCell{3, 4, rng}, GruCell{3, 2, rng}},
                       {GruCell{6, 2, rng}, GruCell{6, 3, rng}},
                       mask,
                       fused};
        const CheckReport report = gradcheck(net, {x}, {.coordinates = 60});
        INFO("T = " << steps << (mask.defined() ? ", masked\n" : "\n") << to_string(report));
        CHECK(report.agrees());
      }
  }
}
