// SPDX-License-Identifier: MIT
// Modules, their member lists, initial values and summaries.
#include <cmath>

#include <wengert/wengert.h>

#include "catch.h"
#include "same_bits.h"

using namespace wengert;

namespace {

struct Deep {
  std::vector<Linear> layers;
  Var operator()(Var x) const {
    for (const Linear& layer : layers) x = tanh(layer(x));
    return x;
  }
  static void members(auto& self, auto&& visit) { visit("layers", self.layers); }
};

struct Forgetful {
  Linear listed, forgotten;
  Var operator()(const Var& x) const { return forgotten(listed(x)); }
  static void members(auto& self, auto&& visit) { visit("listed", self.listed); }
};

}  // namespace

TEST_CASE("a Linear computes x W^T + b with the weight as [out, in]") {
  Rng rng{1};
  Linear layer{2, 3, rng};
  layer.weight.set(matrix({{1, 2}, {3, 4}, {5, 6}}));
  layer.bias.set(tensor({10, 20, 30}));
  const Tensor y = layer(Var(matrix({{1, 1}}))).value();
  CHECK(y.at({0, 0}) == 13);
  CHECK(y.at({0, 2}) == 41);
  CHECK(layer(Var(ones({4, 5, 2}))).shape() == Shape{4, 5, 3});
  CHECK(layer(Var(ones({2}))).shape() == Shape{3});
}

TEST_CASE("parameters are listed with their paths, in the order of the member lists") {
  Rng rng{1};
  Sequential model{Linear{4, 3, rng}, relu, Sequential{Linear{3, 2, rng, {.bias = false}}}};
  std::vector<std::string> names;
  for (const Parameter* parameter : parameters(model)) names.push_back(parameter->name());
  CHECK(names == std::vector<std::string>{"0.weight", "0.bias", "2.0.weight"});
  CHECK(parameter_count(model) == 4 * 3 + 3 + 3 * 2);
}

TEST_CASE("a vector of modules is a member") {
  Rng rng{1};
  Deep model{{{2, 3, rng}, {3, 2, rng}}};
  CHECK(parameters(model)[2]->name() == "layers.1.weight");
}

TEST_CASE("a copied model shares no parameter with the original") {
  Rng rng{1};
  Sequential model{Linear{2, 1, rng}};
  const Sequential copy = model;
  Sgd sgd{{.rate = 1.0}};
  Tape tape;
  const Var loss = sum(model(tape.input(ones({1, 2}))));
  const Tensor before = copy.get<0>().weight.value();
  const Gradients g = tape.backward(loss);
  sgd.update(model, g);
  CHECK(same_bits(copy.get<0>().weight.value(), before));
  CHECK_FALSE(same_bits(model.get<0>().weight.value(), before));
  CHECK(g.find(copy.get<0>().weight) == nullptr);
}

TEST_CASE("a parameter left out of the member list is reported") {
  Rng rng{1};
  Forgetful model{{2, 3, rng}, {3, 1, rng}};
  CHECK_THROWS_WITH(
      summary(model, zeros({1, 2})),
      "members: the model uses 'weight' [1, 3], 'bias' [1], which its member list leaves "
      "out; such a parameter is never trained, saved or counted");
}

TEST_CASE("the summary counts the lecture's autoencoder") {
  Rng rng{1};
  Sequential model{Linear{784, 128, rng}, relu, Linear{128, 64, rng}, relu,
                   Linear{64, 128, rng},  relu, Linear{128, 784, rng}};
  const Summary table = summary(model, zeros({1, 784}));
  CHECK(table.parameters == 218192);
  CHECK(table.bytes == 4 * 218192);
  CHECK(table.rows.size() == 7);
  CHECK(table.rows[6].path == "6");
  CHECK(table.rows[6].output == Shape{1, 784});
  CHECK(table.rows[1].ops == "relu");
  CHECK(table.flops ==
        2 * (784 * 128 + 128 * 64 + 64 * 128 + 128 * 784) + 128 + 64 + 128 + 784 + 320);
}

TEST_CASE("the summary has a row for a Dropout, where it stands") {
  Rng rng{1};
  Sequential model{Linear{4, 6, rng}, relu, Dropout{0.5, rng}, Linear{6, 2, rng},
                   Dropout{0.1, rng}};
  const Summary table = summary(model, zeros({3, 4}));
  REQUIRE(table.rows.size() == 5);
  CHECK(table.rows[2].path == "2");
  CHECK(table.rows[2].ops == "dropout");
  CHECK(table.rows[2].output == Shape{3, 6});
  CHECK(table.rows[3].path == "3");
  CHECK(table.rows[4].path == "4");
  CHECK(table.parameters == 4 * 6 + 6 + 6 * 2 + 2);
  Mlp mlp{{4, 6, 5, 2}, relu, rng, {.dropout = 0.2}};
  const Summary of_mlp = summary(mlp, zeros({3, 4}));
  std::size_t dropouts = 0;
  for (const Summary::Row& row : of_mlp.rows)
    dropouts += row.path == "dropout" && row.ops == "dropout" ? 1 : 0;
  CHECK(dropouts == 2);
}

TEST_CASE("initial values have the spread that their formula says") {
  Rng rng{1};
  const Shape shape{300, 200};
  const auto spread = [&](const init::Initializer& initializer) {
    return wengert::std(Var(initializer(shape, rng).to(f64))).item();
  };
  CHECK(spread(init::glorot_uniform) == Approx(std::sqrt(2.0 / 500)).epsilon(0.02));
  CHECK(spread(init::glorot_normal) == Approx(std::sqrt(2.0 / 500)).epsilon(0.02));
  CHECK(spread(init::he_uniform) == Approx(std::sqrt(2.0 / 200)).epsilon(0.02));
  CHECK(spread(init::he_normal) == Approx(std::sqrt(2.0 / 200)).epsilon(0.02));
  CHECK(spread(init::lecun_uniform) == Approx(std::sqrt(1.0 / 200)).epsilon(0.02));
  CHECK(spread(init::lecun_normal) == Approx(std::sqrt(1.0 / 200)).epsilon(0.02));
  CHECK(spread(init::normal(0.0, 0.3)) == Approx(0.3).epsilon(0.02));
  CHECK(spread(init::uniform(-1, 1)) == Approx(std::sqrt(1.0 / 3)).epsilon(0.02));
  CHECK(spread(init::scaled(init::he_normal, 2.0)) ==
        Approx(2 * std::sqrt(2.0 / 200)).epsilon(0.02));
}

TEST_CASE("orthogonal weights have orthonormal rows or columns, whichever are fewer") {
  Rng rng{1};
  const Var tall = init::orthogonal({5, 3}, rng), wide = init::orthogonal({3, 5}, rng);
  CHECK(max(abs(matmul(tall, tall, {.left = true}) - Var(eye(3)))).item() < 1e-6);
  CHECK(max(abs(matmul(wide, wide, {.right = true}) - Var(eye(3)))).item() < 1e-6);
  CHECK_THROWS_AS(init::orthogonal({5}, rng), ShapeError);
}

TEST_CASE("accuracy counts the rows whose largest logit is at the label") {
  CHECK(accuracy(Var(matrix({{1, 2}, {3, 1}, {0, 1}})), Var(labels({1, 0, 0}))) == Approx(2.0 / 3));
}
