// SPDX-License-Identifier: MIT
// What a tape is recorded for, frozen parameters, and the state of modules that is not trained.
#include <wengert/wengert.h>

#include "../catch.h"

using namespace wengert;

namespace {

struct Counting {
  Parameter scale{full({1}, 2.0)};
  Buffer calls{zeros({1})};
  Rng noise{3};
  Var operator()(const Var& x) const { return x * scale.on(x); }
  static void members(auto& self, auto&& visit) {
    visit("scale", self.scale);
    visit("calls", self.calls);
    visit("noise", self.noise);
  }
};

}  // namespace

TEST_CASE("a tape records training unless it is told otherwise, and off the tape nobody trains") {
  Tape learning;
  Tape using_it(Mode::inference);
  CHECK(training(learning.input(ones({2}))));
  CHECK_FALSE(training(using_it.input(ones({2}))));
  CHECK_FALSE(training(ones({2})));
  { Tape again; }  // recordings are used again, and must not remember
  Tape third;
  CHECK(training(third.input(ones({2}))));
}

TEST_CASE("a frozen parameter takes part, gets no gradient, and is left as it is by optimizers") {
  Rng rng{1};
  Sequential net{Linear{3, 4, rng}, wengert::tanh, Linear{4, 2, rng}};
  parameters(net);
  net.get<0>().weight.set_trainable(false);
  const Tensor frozen = net.get<0>().weight.value(), other = net.get<0>().bias.value();
  Tape tape;
  const Var loss = mean(square(net(tape.input(rng.normal({5, 3})))));
  for (const Gradients& gradients : {tape.backward(loss), tape.backward(loss, parameters(net))}) {
    CHECK(gradients.find(net.get<0>().weight) == nullptr);
    CHECK(gradients.find(net.get<0>().bias) != nullptr);
    CHECK_THROWS_WITH(gradients[net.get<0>().weight],
                      "gradients: '0.weight' got no gradient: it is frozen");
  }
  Sgd{{.rate = 0.1}}.update(net, tape.backward(loss));
  CHECK(max(abs(Var(net.get<0>().weight.value()) - frozen)).item() == 0);
  CHECK(max(abs(Var(net.get<0>().bias.value()) - other)).item() > 0);
  CHECK(gradcheck(net, rng.normal({5, 3})).verdict == Verdict::agree);
}

TEST_CASE("a frozen copy stays frozen") {
  Parameter weight(ones({2}));
  weight.set_trainable(false);
  const Parameter copy = weight;
  CHECK_FALSE(copy.trainable());
}

TEST_CASE("buffers and random generators are found in the member list, and are not parameters") {
  Sequential net{Counting{}, wengert::tanh};
  CHECK(parameters(net).size() == 1);
  REQUIRE(buffers(net).size() == 1);
  CHECK(buffers(net)[0]->name() == "0.calls");
  REQUIRE(generators(net).size() == 1);
  CHECK(generators(net)[0].first == "0.noise");
  CHECK_THROWS_WITH(net.get<0>().calls.set(zeros({2})),
                    "buffer '0.calls': its shape is [1], the new value's [2]");
}
