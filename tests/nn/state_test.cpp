// SPDX-License-Identifier: MIT
// Saving and loading models: what fits, and everything that does not, at once.
#include <csignal>
#include <map>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <wengert/wengert.h>

#include "../catch.h"
#include "../same_bits.h"
#include "files.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;
using namespace wengert::nn_tests;

namespace {

/// One with a buffer, as batch normalisation has.
struct Counter {
  Parameter scale{full({2}, 2.0)};
  Buffer seen{Tensor::from<std::int64_t>(std::array{std::int64_t{0}}, Shape{})};
  Var operator()(const Var& x) const { return x * scale.on(x); }
  static void members(auto& self, auto&& visit) {
    visit("scale", self.scale);
    visit("seen", self.seen);
  }
};

/// Two weights under one name.
struct Twice {
  Linear a, b;
  Var operator()(const Var& x) const { return a(b(x)); }
  static void members(auto& self, auto&& visit) {
    visit("x", self.a);
    visit("x", self.b);
  }
};

/// The same weight under two names.
struct Tied {
  Parameter weight;
  Var operator()(const Var& x) const { return linear(linear(x, weight.on(x)), weight.on(x)); }
  static void members(auto& self, auto&& visit) {
    visit("first", self.weight);
    visit("second", self.weight);
  }
};

auto net(std::uint64_t seed) {
  Rng rng{seed};
  return Sequential{Linear{3, 2, rng}, Counter{}, wengert::tanh, Dropout{0.5, rng},
                    Linear{2, 1, rng}};
}

}  // namespace

TEST_CASE("a saved model comes back with its parameters and buffers, bit by bit") {
  const Folder folder;
  const std::string file = folder / GENERATE("m.safetensors", "m.npz");
  auto model = net(1), other = net(2);
  model.get<1>().seen.set(Tensor::from<std::int64_t>(std::array{std::int64_t{41}}, Shape{}));
  save(model, file);
  load(other, file);
  const auto expected = state(model), found = state(other);
  CHECK(expected.size() == 6);
  CHECK(found.size() == 6);
  for (const auto& [name, tensor] : expected) CHECK(same_bits(found.at(name), tensor));
  CHECK(other.get<1>().seen.value().item() == 41);
  const Tensor x = Rng{3}.normal({4, 3});
  CHECK(same_bits(model(Var(x)).value(), other(Var(x)).value()));
}

TEST_CASE("a file name that promises a format which is not written is refused") {
  const Folder folder;
  Rng rng{1};
  Linear line{2, 1, rng};
  CHECK_THROWS_WITH(save(line, folder / "model.h5"), ContainsSubstring(".safetensors"));
  CHECK_FALSE(std::filesystem::exists(folder / "model.h5"));
}

TEST_CASE("a file that is being saved when the process is killed is the old one or the new one") {
  const Folder folder;
  const std::string path = folder / "m.safetensors";
  const auto values = [](double value) {
    return std::map<std::string, Tensor>{{"a", full({20000}, value)}, {"b", full({300}, value)}};
  };
  save_tensors(path, values(0));
  Rng rng{1};
  for (int round = 0; round < 10; ++round) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (int i = 1;; ++i) save_tensors(path, values(i));
    }
    usleep(static_cast<useconds_t>(rng.integers(500, 20000, {}).item()));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const auto found = load_tensors(path).tensors;
    const double value = found.at("b").at({0});
    for (const auto& [name, tensor] : values(value)) REQUIRE(same_bits(found.at(name), tensor));
  }
}

TEST_CASE("everything that does not fit is listed at once, and nothing is loaded") {
  const Folder folder;
  Rng rng{1};
  auto saved =
      Sequential{Linear{3, 5, rng}, Counter{}, wengert::tanh, Linear{2, 2, rng, {.bias = false}}};
  auto model = net(1);
  const auto before = state(model);
  save(saved, folder / "m.safetensors");
  const std::string file = folder / "m.safetensors";
  CHECK_THROWS_WITH(load(model, file),
                    "load: '0.weight' is [5, 3] in " + file + " but [2, 3] in the model\n" +
                        "      '0.bias' is [5] in " + file + " but [2] in the model\n" +
                        "      '4.weight' [1, 2] is missing in " + file + "\n" +
                        "      '4.bias' [1] is missing in " + file + "\n" +
                        "      '3.weight' [2, 2] is in " + file + " but not in the model");
  for (const auto& [name, tensor] : state(model)) CHECK(same_bits(tensor, before.at(name)));
}

TEST_CASE("an npz file that does not fit, or is none, is refused as safetensors are") {
  const Folder folder;
  auto model = net(1);
  const auto before = state(model);
  Rng rng{1};
  save(Sequential{Linear{3, 2, rng}}, folder / "m.npz");
  CHECK_THROWS_WITH(load(model, folder / "m.npz"),
                    Catch::Matchers::ContainsSubstring("'4.weight' [1, 2] is missing in"));
  write_file(folder / "bad.npz", "not a zip archive");
  CHECK_THROWS_AS(load(model, folder / "bad.npz"), FileError);
  save(model, folder / "m.safetensors");
  std::filesystem::rename(folder / "m.safetensors", folder / "other.npz");
  CHECK_THROWS_AS(load(model, folder / "other.npz"), FileError);
  for (const auto& [name, tensor] : state(model)) CHECK(same_bits(tensor, before.at(name)));
}

TEST_CASE("one parameter of another shape is named with both") {
  auto model = net(1);
  auto values = state(model);
  values["0.bias"] = zeros({784});
  CHECK_THROWS_WITH(load_state(model, values, "model.safetensors"),
                    "load: '0.bias' is [784] in model.safetensors but [2] in the model");
  CHECK_THROWS_AS(load_state(model, values, "model.safetensors"), ValueError);
}

TEST_CASE("float32 values go into a float64 model, but not the other way round") {
  Rng rng{1};
  Linear narrow{2, 1, rng}, wide{2, 1, rng};
  wide.weight = Parameter(narrow.weight.value().to(f64));
  wide.bias = Parameter(narrow.bias.value().to(f64));
  load_state(wide, state(narrow));
  CHECK(wide.weight.dtype() == f64);
  CHECK_THROWS_WITH(load_state(narrow, state(wide)),
                    "load: 'weight' is f64 in the state but f32 in the model\n"
                    "      'bias' is f64 in the state but f32 in the model");
}

TEST_CASE("integers go into a model's floats if these hold them exactly") {
  Rng rng{1};
  MaskedLinear layer{2, 2, 1.0, rng};
  auto values = state(layer);
  values["mask"] = matrix({{1, 0}, {0, 1}}, i64);
  load_state(layer, values);
  CHECK(layer.mask.value().dtype() == f32);
  CHECK(layer.active_weights() == 2);
  values["bias"] = labels({1, (1 << 24) + 1});
  CHECK_THROWS_WITH(load_state(layer, values),
                    "load: 'bias' is i64 in the state but f32 in the model");
}

TEST_CASE("a state is a snapshot: training on does not change it") {
  auto model = net(1);
  const auto snapshot = state(model);
  const Tensor x = ones({2, 3}), before = model(Var(x)).value();
  Tape tape;
  Sgd{{.rate = 1.0}}.update(model, tape.backward(sum(model(tape.input(x)))));
  CHECK_FALSE(same_bits(model(Var(x)).value(), before));
  load_state(model, snapshot);
  CHECK(same_bits(model(Var(x)).value(), before));
}

TEST_CASE("loading keeps a parameter's identity, and whether it is frozen") {
  auto model = net(1);
  const std::uint64_t id = model.get<0>().weight.id();
  model.get<0>().weight.set_trainable(false);
  load_state(model, state(net(2)));
  CHECK(model.get<0>().weight.id() == id);
  CHECK_FALSE(model.get<0>().weight.trainable());
}

TEST_CASE("tied weights are saved once, and loaded from two names if they are equal") {
  Rng rng{1};
  Tied model{Parameter(rng.normal({2, 2}))};
  auto values = state(model);
  CHECK(values.size() == 1);
  CHECK(values.contains("first"));
  values["second"] = values["first"];
  CHECK_NOTHROW(load_state(model, values));
  values["second"] = zeros({2, 2});
  CHECK_THROWS_WITH(load_state(model, values),
                    "load: 'second' is not the same as 'first' in the state but is in the model");
}

TEST_CASE("tied weights are loaded from whichever name is there") {
  Tied model{Parameter(ones({2, 2}))};
  load_state(model, {{"first", full({2, 2}, 3.0)}});
  CHECK(model.weight.value().at({0, 0}) == 3);
  load_state(model, {{"second", full({2, 2}, 4.0)}});
  CHECK(model.weight.value().at({0, 0}) == 4);
  CHECK_THROWS_WITH(load_state(model, {{"other", ones({2, 2})}}),
                    "load: 'first' [2, 2] is missing in the state\n"
                    "      'other' [2, 2] is in the state but not in the model");
}

TEST_CASE("two members of one name are refused by save and load and not written over each other") {
  Rng rng{1};
  Twice model{Linear{2, 2, rng}, Linear{2, 2, rng}};
  const Folder folder;
  const std::string message =
      "state: two members are called 'x.weight', and a state knows values by their names; give the "
      "members different names";
  CHECK_THROWS_WITH(save(model, folder / "m.safetensors"), message);
  CHECK(folder.files() == 0);
  CHECK_THROWS_WITH(load_state(model, {}), message);
}
