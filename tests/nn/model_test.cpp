// SPDX-License-Identifier: MIT
// What is done to a whole model: another precision, copies, freezing; and how its summary says so.
#include <string>

#include <wengert/wengert.h>

#include "../catch.h"
#include "../same_bits.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

auto net(std::uint64_t seed) {
  Rng rng{seed};
  return Sequential{Sequential{Linear{3, 4, rng}, BatchNorm{4}}, wengert::tanh, Dropout{0.5, rng},
                    Linear{4, 2, rng}};
}

}  // namespace

TEST_CASE("to converts parameters and buffers, and leaves identities, flags and counts alone") {
  auto model = net(1);
  const Tensor x = Rng{2}.normal({5, 3});
  const Tensor before = model(Var(x)).value();
  const std::uint64_t id = model.get<3>().weight.id();
  model.get<3>().weight.set_trainable(false);
  to(model, f64);
  for (const Parameter* parameter : parameters(model)) CHECK(parameter->dtype() == f64);
  CHECK(model.get<0>().get<1>().running_var.value().dtype() == f64);
  CHECK(model.get<0>().get<1>().num_batches_tracked.value().dtype() == i64);
  CHECK(model.get<3>().weight.id() == id);
  CHECK(model.get<3>().weight.name() == "3.weight");
  CHECK_FALSE(model.get<3>().weight.trainable());
  CHECK(max(abs(model(Var(x.to(f64))) - Var(before.to(f64)))).item() < 1e-6);
  Tape tape;
  CHECK(model(tape.input(x.to(f64))).dtype() == f64);
  to(model, f32);
  CHECK(same_bits(model.get<3>().bias.value(), zeros({2})));
  CHECK_THROWS_AS(to(model, i64), DTypeError);
}

TEST_CASE("a clone has the same values and generators, and nothing in common") {
  auto model = net(1);
  freeze(model, "0.*");
  Tape tape;
  const Tensor x = Rng{2}.normal({5, 3});
  Sgd{{.rate = 0.1}}.update(model, tape.backward(sum(model(tape.input(x)))));
  auto copy = clone(model);
  const auto expected = state(model), found = state(copy);
  REQUIRE(found.size() == expected.size());
  for (const auto& [path, value] : expected) CHECK(same_bits(found.at(path), value));
  CHECK(generators(copy)[0].second->state() == generators(model)[0].second->state());
  for (std::size_t i = 0; i < parameters(model).size(); ++i) {
    CHECK(parameters(copy)[i]->id() != parameters(model)[i]->id());
    CHECK(parameters(copy)[i]->trainable() == parameters(model)[i]->trainable());
  }
  Tape other;
  Sgd{{.rate = 0.1}}.update(copy, other.backward(sum(copy(other.input(x)))));
  for (const auto& [path, value] : state(model)) CHECK(same_bits(value, expected.at(path)));
  CHECK_FALSE(same_bits(state(copy).at("3.weight"), expected.at("3.weight")));
  CHECK_FALSE(same_bits(state(copy).at("0.1.running_mean"), expected.at("0.1.running_mean")));
}

TEST_CASE("freeze takes what fits a pattern out of training, and unfreeze puts it back") {
  auto model = net(1);
  CHECK(freeze(model, "0.*") == 4);
  const auto before = state(model);
  const Tensor x = Rng{2}.normal({5, 3});
  const auto step = [&] {
    Tape tape;
    Sgd{{.rate = 0.1}}.update(model, tape.backward(mean(square(model(tape.input(x)) - 1.0))));
  };
  step();
  for (const char* path : {"0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias"})
    CHECK(same_bits(state(model).at(path), before.at(path)));
  CHECK_FALSE(same_bits(state(model).at("3.weight"), before.at("3.weight")));
  CHECK(unfreeze(model, "*.bias") == 3);
  step();
  CHECK(same_bits(state(model).at("0.0.weight"), before.at("0.0.weight")));
  CHECK_FALSE(same_bits(state(model).at("0.1.bias"), before.at("0.1.bias")));
  CHECK(unfreeze(model) == 6);
  for (const Parameter* parameter : parameters(model)) CHECK(parameter->trainable());
}

TEST_CASE("freezing what is not there lists what is") {
  auto model = net(1);
  CHECK_THROWS_WITH(freeze(model, "encodr.*"),
                    "freeze: no parameter fits 'encodr.*'; there are: 0.0.weight, 0.0.bias, "
                    "0.1.weight, 0.1.bias, 3.weight, 3.bias");
  Sequential<> empty;
  CHECK_THROWS_WITH(unfreeze(empty), "unfreeze: no parameter fits '*'; there are: none");
}

TEST_CASE("the summary tells active from masked weights, frozen from trained, and buffers") {
  Rng rng{1};
  Sequential model{MaskedLinear{784, 512, 0.1, rng}, BatchNorm{512}, relu, Linear{512, 10, rng}};
  freeze(model, "3.*");
  const Summary table = summary(model, zeros({1, 784}));
  CHECK(table.parameters == 784 * 512 + 512 + 2 * 512 + 5130);
  CHECK(table.active == 40141);
  CHECK(table.masked == 784 * 512 - 40141);
  CHECK(table.frozen == 5130);
  CHECK(table.trainable == 40141 + 512 + 2 * 512);
  CHECK(table.buffers == 784 * 512 + 2 * 512 + 1);
  const std::string text = to_string(table);
  CHECK_THAT(text, ContainsSubstring("  40141 of 401408 weights active, 401408 in buffers\n"));
  CHECK_THAT(text, ContainsSubstring("  frozen\n"));
  CHECK_THAT(text, ContainsSubstring("  1025 in buffers\n"));
  CHECK_THAT(text, ContainsSubstring(
                       "  40141 of 401408 weights active, 5130 frozen, 402433 in buffers\n"));
}

TEST_CASE("weights that are masked and frozen are not taken from the trained ones twice") {
  Rng rng{1};
  Sequential model{MaskedLinear{10, 4, 0.5, rng}, Linear{4, 2, rng}};
  freeze(model, "0.weight");
  CHECK(summary(model, zeros({1, 10})).trainable == 4 + 10);
}
