// SPDX-License-Identifier: MIT
// Layers with parameters, against PyTorch's values, gradients, names and running statistics.
#include <cmath>
#include <map>
#include <string>

#include <wengert/gradcheck/matchers.h>
#include <wengert/wengert.h>

#include "../catch.h"
#include "../golden_file.h"
#include "../same_bits.h"
#include "distance.h"

using namespace wengert;
using namespace wengert::nn_tests;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr double close = 1e-12;

const nlohmann::json& expected_of(const std::string& name) {
  static const nlohmann::json file = golden::file("nn.json");
  return file.at(name);
}
std::map<std::string, Tensor> state_of(const nlohmann::json& json) {
  std::map<std::string, Tensor> result;
  for (const auto& [name, value] : json.items()) result[name] = golden::tensor(value);
  return result;
}

/// Trains and uses `module` as PyTorch did, comparing everything that it wrote down.
template <class Module>
void follow_golden(const char* name, Module module) {
  INFO(name);
  const auto& expected = expected_of(name);
  to(module, f64);
  load_state(module, state_of(expected["before"]), "PyTorch's state_dict");
  for (const auto& round : expected["rounds"]) {
    Tape tape;
    const Tensor values = golden::tensor(round["input"]);
    const bool differentiable = is_float(values.dtype());
    const Var x = differentiable ? tape.variable(values) : tape.input(values);
    const Var y = module(x);
    CHECK(distance(y.value(), golden::tensor(round["output"])) < close);
    if (parameters(module).empty() && !differentiable) continue;
    const Gradients gradients = tape.backward(y, Var(golden::tensor(round["cotangent"])));
    if (differentiable)
      CHECK(distance(gradients[x].value(), golden::tensor(round["input_gradient"])) < 10 * close);
    CHECK(parameters(module).size() == round["gradients"].size());
    for (const Parameter* parameter : parameters(module)) {
      INFO(parameter->name());
      REQUIRE(round["gradients"].contains(parameter->name()));
      CHECK(distance(gradients[*parameter].value(),
                     golden::tensor(round["gradients"][parameter->name()])) < 10 * close);
    }
    const auto after = state_of(round["after"]);
    for (const auto& [path, value] : state(module)) {
      INFO(path);
      CHECK(distance(value, after.at(path)) < close);
    }
    CHECK(same_bits(tape.replay(y), y.value()));
  }
  const auto before = state(module);
  Tape inference(Mode::inference);
  const Var x = inference.input(golden::tensor(expected["rounds"][0]["input"]));
  CHECK(distance(module(x).value(), golden::tensor(expected["inference"])) < close);
  CHECK(same_bits(module(x).value(), module(Var(x.value())).value()));
  for (const auto& [path, value] : state(module)) CHECK(same_bits(value, before.at(path)));
}

/// Every parameter and buffer a random value, so that nothing cancels.
template <class Module>
Module scrambled(Module module, Rng& rng) {
  for (Parameter* parameter : parameters(module))
    parameter->set(rng.uniform(parameter->shape(), 0.5, 1.5));
  return module;
}

}  // namespace

TEST_CASE(
    "BatchNorm follows PyTorch's over three batches: outputs, gradients, running statistics") {
  follow_golden("batch_norm", BatchNorm{3});
  follow_golden("batch_norm_plain",
                BatchNorm{3, {.epsilon = 0.25, .momentum = 0.5, .affine = false}});
  follow_golden("batch_norm_images", BatchNorm{2});
}

TEST_CASE("LayerNorm is PyTorch's, over one axis and several, with and without weight and bias") {
  follow_golden("layer_norm", LayerNorm{5});
  follow_golden("layer_norm_two_axes", LayerNorm{Shape{3, 4}, {.epsilon = 0.125}});
  follow_golden("layer_norm_plain", LayerNorm{5, {.affine = false}});
  follow_golden("layer_norm_no_bias", LayerNorm{5, {.bias = false}});
}

TEST_CASE("Embedding is PyTorch's, repeated ids gathering their gradients") {
  Rng rng{1};
  follow_golden("embedding", Embedding{4, 3, rng});
}

TEST_CASE("MaskedLinear is PyTorch's product with a masked weight") {
  Rng rng{1};
  follow_golden("masked_linear", MaskedLinear{5, 3, 0.5, rng});
}

TEST_CASE("Dropout scales what it keeps as PyTorch's does") {
  for (const auto& row : expected_of("dropout")) {
    Rng rng{1};
    Tape tape;
    const Tensor y = Dropout{row["rate"], rng}(tape.input(ones({1000}, f64))).value();
    REQUIRE(row["values"].size() == 2);  // 0 and the scale
    for (const double value : y.data<double>())
      if (value != row["values"][0].get<double>())
        REQUIRE(value == Approx(row["values"][1].get<double>()).epsilon(1e-15));
  }
}

TEST_CASE("layers have the gradients they claim") {
  Rng rng{1};
  REQUIRE_THAT(scrambled(BatchNorm{3}, rng), GradientsMatch(rng.normal({5, 3})));
  REQUIRE_THAT(scrambled(BatchNorm{2}, rng), GradientsMatch(rng.normal({3, 2, 2, 2})));
  REQUIRE_THAT(scrambled(LayerNorm{4}, rng), GradientsMatch(rng.normal({3, 4})));
  REQUIRE_THAT(scrambled(LayerNorm{Shape{2, 3}}, rng), GradientsMatch(rng.normal({2, 2, 3})));
  REQUIRE_THAT((Embedding{5, 3, rng}), GradientsMatch(labels({0, 4, 4, 1})));
  REQUIRE_THAT((MaskedLinear{6, 4, 0.4, rng}), GradientsMatch(rng.normal({3, 6})));
  REQUIRE_THAT(scrambled(LayerNorm{4}, rng), SecondOrderMatches(rng.normal({3, 4})));
  REQUIRE_THAT(scrambled(BatchNorm{3}, rng), SecondOrderMatches(rng.normal({5, 3})));
}

TEST_CASE("BatchNorm's finished form has the gradient it claims, by fixed statistics") {
  Rng rng{1};
  BatchNorm layer = scrambled(BatchNorm{3}, rng);
  layer.running_mean.set(rng.normal({3}));
  layer.running_var.set(rng.uniform({3}, 0.5, 2.0));
  Tape tape(Mode::inference);
  const Var y = layer(tape.variable(rng.normal({1, 3})));
  CHECK(check_tape(tape, y).verdict == Verdict::agree);
}

TEST_CASE("BatchNorm refuses to train on one value a feature, and changes nothing then") {
  const BatchNorm layer{3};
  Tape tape;
  CHECK_THROWS_WITH(
      layer(tape.input(ones({1, 3}))),
      ContainsSubstring("BatchNorm: training needs more than one value a feature, got "
                        "[1, 3]; a last batch of one?"));
  CHECK_THROWS_AS(layer(tape.input(ones({1, 3}))), ValueError);
  CHECK(layer.num_batches_tracked.value().item() == 0);
  CHECK(layer(Var(ones({1, 3}))).shape() == Shape{1, 3});
  CHECK_NOTHROW(layer(tape.input(ones({1, 3, 2}))));
}

TEST_CASE("normalising layers name what they were made for when the shape is another") {
  CHECK_THROWS_WITH(BatchNorm{3}(Var(ones({2, 4}))),
                    "BatchNorm: it was made for [n, 3, ...], got [2, 4]");
  CHECK_THROWS_AS(BatchNorm{3}(Var(ones({3}))), ShapeError);
  CHECK_THROWS_WITH(LayerNorm{3}(Var(ones({2, 4}))),
                    "LayerNorm: it was made for values that end in [3], got [2, 4]");
  CHECK_THROWS_AS((LayerNorm{Shape{2, 3}}(Var(ones({3})))), ShapeError);
  CHECK_THROWS_AS(BatchNorm{0}, ValueError);
  CHECK_THROWS_AS((BatchNorm{2, {.momentum = 1.5}}), ValueError);
  CHECK_THROWS_AS((BatchNorm{2, {.epsilon = -1}}), ValueError);
  CHECK_THROWS_AS(LayerNorm{0}, ValueError);
}

TEST_CASE("an empty batch passes LayerNorm, and BatchNorm after training") {
  CHECK(LayerNorm{3}(Var(ones({0, 3}))).shape() == Shape{0, 3});
  CHECK(BatchNorm{3}(Var(ones({0, 3}))).shape() == Shape{0, 3});
}

TEST_CASE("Embedding names an id outside its range, and ids that are no integers") {
  Rng rng{1};
  const Embedding layer{4, 2, rng};
  CHECK_THROWS_WITH(layer(Var(labels({0, 4}))),
                    ContainsSubstring("4") && ContainsSubstring("is outside [0, 4)"));
  CHECK_THROWS_AS(layer(Var(labels({-1}))), ValueError);
  CHECK_THROWS_AS(layer(Var(ones({2}))), DTypeError);
  CHECK(layer(Var(zeros({3, 5}, i64))).shape() == Shape{3, 5, 2});
}

TEST_CASE("weights of every layer have the spread that their formula says") {
  Rng rng{1};
  const auto spread = [](const Parameter& weight) {
    return wengert::std(Var(weight.value().to(f64))).item();
  };
  const std::size_t in = 300, out = 200;
  const double glorot = std::sqrt(2.0 / 500);
  CHECK(spread(Linear{in, out, rng}.weight) == Approx(glorot).epsilon(0.02));
  CHECK(spread(Linear{in, out, rng, {.weight = init::he_normal}}.weight) ==
        Approx(std::sqrt(2.0 / 300)).epsilon(0.02));
  Linear later{infer, out, rng};
  build(later, zeros({1, in}));
  CHECK(spread(later.weight) == Approx(glorot).epsilon(0.02));
  for (const Linear& layer : Mlp{{in, out, in}, relu, rng}.layers)
    CHECK(spread(layer.weight) == Approx(glorot).epsilon(0.02));
  CHECK(spread(Embedding{in, out, rng}.weight) == Approx(1.0).epsilon(0.02));
  CHECK(spread(LayerNorm{in}.weight) == 0);
  CHECK(LayerNorm{in}.weight.value().at({7}) == 1);
  CHECK(BatchNorm{in}.weight.value().at({7}) == 1);
  CHECK(BatchNorm{in}.running_var.value().at({7}) == 1);
}
