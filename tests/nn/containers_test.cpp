// SPDX-License-Identifier: MIT
// Modules made of modules, functions chosen while the program runs, and sizes that come later.
#include <string>

#include <wengert/gradcheck/matchers.h>
#include <wengert/graph/recording.h>
#include <wengert/wengert.h>

#include "../catch.h"
#include "../same_bits.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

std::vector<std::string> names(auto& model) {
  std::vector<std::string> result;
  for (const Parameter* parameter : parameters(model)) result.push_back(parameter->name());
  return result;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("Residual adds its input to what its module makes of it") {
  Rng rng{1};
  Residual block{Linear{3, 3, rng}};
  const Var x = rng.normal({2, 3});
  CHECK(same_bits(block(x).value(), (x + block.module(x)).value()));
  CHECK(names(block) == Names{"module.weight", "module.bias"});
  REQUIRE_THAT(block, GradientsMatch(rng.normal({2, 3})));
  CHECK_THROWS_WITH((Residual{Linear{3, 1, rng}}(x)),
                    "Residual: the module makes [2, 1] of [2, 3], so the two cannot be added; "
                    "broadcasting is not meant");
}

TEST_CASE("a Residual of a Residual is nested, not a copy") {
  const Residual nested{Residual{wengert::square}};
  CHECK(nested(Var(tensor({3}))).item() == 3 + (3 + 9));
}

TEST_CASE("Parallel sets outputs side by side along the last axis, or adds them") {
  Rng rng{1};
  Parallel wide{Linear{3, 2, rng}, Sequential{Linear{3, 4, rng}, wengert::tanh}};
  const Var x = rng.normal({5, 3});
  const Var y = wide(x);
  CHECK(y.shape() == Shape{5, 6});
  CHECK(same_bits(slice(y, 1, 0, 2).value(), wide.get<0>()(x).value()));
  CHECK(same_bits(slice(y, 1, 2, 6).value(), wide.get<1>()(x).value()));
  CHECK(names(wide) == Names{"0.weight", "0.bias", "1.0.weight", "1.0.bias"});
  REQUIRE_THAT(wide, GradientsMatch(rng.normal({2, 3})));

  Parallel added{Join::sum, Linear{3, 2, rng}, Linear{3, 2, rng}, Linear{3, 2, rng}};
  CHECK(same_bits(added(x).value(),
                  (added.get<0>()(x) + added.get<1>()(x) + added.get<2>()(x)).value()));
  REQUIRE_THAT(added, GradientsMatch(rng.normal({2, 3})));
  CHECK_THROWS_WITH((Parallel{Join::sum, Linear{3, 2, rng}, Linear{3, 1, rng}}(x)),
                    ContainsSubstring("outputs [5, 2] and [5, 1] cannot be added"));
}

TEST_CASE("ops inside Parallel and Residual carry their paths") {
  Rng rng{1};
  Sequential net{Residual{Sequential{Linear{3, 3, rng}, relu}},
                 Parallel{Sequential{Linear{3, 2, rng}, wengert::tanh}, wengert::sigmoid}};
  const Summary table = summary(net, zeros({1, 3}));
  std::vector<std::string> paths;
  for (const Summary::Row& row : table.rows) paths.push_back(row.path + " " + row.ops);
  CHECK(paths == Names{"0.module.0 linear", "0.module.1 relu", "0 add", "1.0.0 linear",
                       "1.0.1 tanh", "1.1 sigmoid", "1 concat"});
}

TEST_CASE("a Lambda is any function as a module") {
  const Lambda twice{[](const Var& x) { return 2.0 * x; }};
  CHECK(twice(Var(tensor({3}))).item() == 6);
  const std::vector<Lambda> several{relu, twice, wengert::tanh};
  CHECK(several[1](Var(tensor({3}))).item() == 6);
}

TEST_CASE("an activation is found by its name, and an unknown name lists the known ones") {
  const Var x = tensor({-1.5, 0.25, 2});
  CHECK(same_bits(activation("relu")(x).value(), relu(x).value()));
  CHECK(same_bits(activation("gelu")(x).value(), gelu(x).value()));
  CHECK(same_bits(activation("leaky_relu")(x).value(), leaky_relu(x).value()));
  CHECK(same_bits(activation("identity")(x).value(), x.value()));
  CHECK_THROWS_WITH(activation("rleu"), ContainsSubstring("there is no 'rleu'; there are relu, "));
  CHECK_THROWS_AS(activation(""), ValueError);
}

TEST_CASE("an Mlp is the Sequential of its layers, bit for bit") {
  Rng a{1}, b{1};
  Mlp mlp{{5, 7, 6, 2}, wengert::tanh, a};
  Sequential net{Linear{5, 7, b}, wengert::tanh, Linear{7, 6, b}, wengert::tanh, Linear{6, 2, b}};
  const Var x = a.normal({3, 5});
  CHECK(same_bits(mlp(x).value(), net(x).value()));
  CHECK(names(mlp) == Names{"layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias",
                            "layers.2.weight", "layers.2.bias"});
  CHECK(generators(mlp).empty());
  REQUIRE_THAT(mlp, GradientsMatch(a.normal({3, 5})));
}

TEST_CASE("an Mlp drops out after each activation, while training") {
  Rng rng{1};
  Mlp mlp{{784, 512, 512, 10}, relu, rng, {.dropout = 0.2}};
  CHECK(parameter_count(mlp) == 784 * 512 + 512 + 512 * 512 + 512 + 512 * 10 + 10);
  CHECK(generators(mlp).size() == 1);
  const Tensor x = rng.normal({2, 784});
  Tape tape;
  CHECK_FALSE(same_bits(mlp(tape.input(x)).value(), mlp(Var(x)).value()));
  std::size_t draws = 0;
  for (std::uint32_t node = 0; node < tape.size(); ++node)
    if (tape.recording().nodes[node].op &&
        tape.recording().nodes[node].op->name() == "bernoulli_like")
      ++draws;
  CHECK(draws == 2);
}

TEST_CASE("an Mlp without two widths, or with one of 0, is refused") {
  Rng rng{1};
  CHECK_THROWS_WITH((Mlp{{5}, relu, rng}), ContainsSubstring("got 5"));
  CHECK_THROWS_WITH((Mlp{{5, 0, 2}, relu, rng}), ContainsSubstring("got 5, 0, 2"));
  CHECK_THROWS_AS((Mlp{std::vector<std::size_t>{}, relu, rng}), ValueError);
}

TEST_CASE("a Linear takes the number of its inputs from its first batch") {
  Rng rng{1};
  Sequential net{Linear{infer, 4, rng}, relu, Linear{4, 2, rng}};
  CHECK(net(Var(rng.normal({3, 6}))).shape() == Shape{3, 2});
  CHECK(net.get<0>().weight.shape() == Shape{4, 6});
  CHECK(names(net) == Names{"0.weight", "0.bias", "2.weight", "2.bias"});
  CHECK_THROWS_AS(net(Var(ones({3, 7}))), ShapeError);  // the first batch decides
}

TEST_CASE("the weights of an inferred layer do not depend on when it is called first") {
  Rng a{1}, b{1};
  Linear first{infer, 4, a}, second{infer, 4, a};
  Linear other_first{infer, 4, b}, other_second{infer, 4, b};
  build(first, zeros({1, 3}));
  build(second, zeros({1, 3}));
  b.normal({100});
  build(other_second, zeros({1, 3}));
  build(other_first, ones({7, 3}));
  CHECK(same_bits(first.weight.value(), other_first.weight.value()));
  CHECK(same_bits(second.weight.value(), other_second.weight.value()));
  CHECK_FALSE(same_bits(first.weight.value(), second.weight.value()));
}

TEST_CASE("a model with a size still unknown says so to whoever asks for its parameters") {
  Rng rng{1};
  Sequential net{Linear{infer, 4, rng}, relu, MaskedLinear{infer, 2, 0.5, rng}};
  const std::string message =
      "parameters: '0.weight' has no size yet; run build(model, sample) first, or was it moved "
      "from?";
  CHECK_THROWS_WITH(parameters(net), message);
  CHECK_THROWS_WITH(parameter_count(net), message);
  CHECK_THROWS_WITH(state(net), message);
  CHECK_THROWS_WITH(save(net, "never-written"), message);
  CHECK_THROWS_WITH(load_state(net, {}), message);
  CHECK_THROWS_WITH(to(net, f64), message);
  CHECK_THROWS_WITH(freeze(net), message);
  Tape other;
  const Var x = other.variable(scalar(1));
  CHECK_THROWS_WITH(Sgd().update(net, other.backward(x * x)), message);
  build(net, zeros({1, 6}));
  CHECK(parameters(net).size() == 4);
  CHECK(net.get<2>().active_weights() == 4);
  CHECK(net.get<2>().weight.shape() == Shape{2, 4});
}

TEST_CASE("a first batch that tells no size is refused, and a good one may follow") {
  Rng rng{1};
  Linear layer{infer, 4, rng};
  CHECK_THROWS_AS(layer(Var(scalar(1))), ShapeError);
  CHECK_THROWS_AS(layer(Var(zeros({3, 0}))), ShapeError);
  CHECK_THROWS_AS(layer(Var(zeros({3, 2}, f64))), DTypeError);
  CHECK(layer(Var(zeros({3, 2}))).shape() == Shape{3, 4});
}

TEST_CASE("an inferred layer may meet its first batch on a tape, and is trained by it") {
  Rng rng{1};
  Sequential net{Linear{infer, 1, rng}};
  const Tensor x = rng.normal({8, 3});
  double first = 0, last = 0;
  for (int step = 0; step < 30; ++step) {
    Tape tape;
    const Var loss = mean(square(net(tape.input(x)) - 1.0));
    Sgd{{.rate = 0.1}}.update(net, tape.backward(loss));
    (step == 0 ? first : last) = loss.item();
  }
  CHECK(last < first / 2);
}

TEST_CASE("the summary gives layers their sizes, in inference") {
  Rng rng{1};
  Sequential net{Linear{infer, 4, rng}, BatchNorm{4}, Dropout{0.5, rng}, Linear{4, 2, rng}};
  const Rng::State before = generators(net)[0].second->state();
  CHECK(summary(net, zeros({1, 6})).parameters == 6 * 4 + 4 + 4 + 4 + 4 * 2 + 2);
  CHECK(net.get<1>().num_batches_tracked.value().item() == 0);
  CHECK(generators(net)[0].second->state() == before);
}

TEST_CASE("a copy of a model that waits for its first batch waits for its own") {
  Rng rng{1};
  const Sequential net{Linear{infer, 2, rng}};
  const auto copy = clone(net);
  const Var x = rng.normal({3, 4});
  CHECK(same_bits(copy(x).value(), net(x).value()));
  CHECK(copy.get<0>().weight.id() != net.get<0>().weight.id());
}
