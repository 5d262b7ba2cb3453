// SPDX-License-Identifier: MIT
// The sparsely connected layer: its masks, its initial values, and zeros that stay zeros.
#include <cmath>
#include <string>
#include <vector>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/adjacency_matrix.hpp>

#include <wengert/graph/boost_mask.h>
#include <wengert/wengert.h>

#include "../catch.h"
#include "../same_bits.h"
#include "files.h"

using namespace wengert;
using namespace wengert::nn_tests;
using Catch::Matchers::ContainsSubstring;

namespace {

using Undirected = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;
using Directed = boost::adjacency_list<boost::setS, boost::vecS, boost::directedS>;

/// The largest |weight| where the mask is 0, infinite if one is a zero with a sign.
double leak(const MaskedLinear& layer) {
  const Tensor weight = layer.weight.value().to(f64), mask = layer.mask.value().to(f64);
  double largest = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask.data<double>()[i] != 0) continue;
    if (std::signbit(weight.data<double>()[i])) return INFINITY;
    largest = std::max(largest, std::abs(weight.data<double>()[i]));
  }
  return largest;
}
double total(const Tensor& mask) { return sum(Var(mask)).item(); }

}  // namespace

TEST_CASE("a random mask has the share of ones asked for, and one at least for every output") {
  Rng rng{1};
  const Tensor mask = random_mask(784, 512, 0.1, rng);
  CHECK(mask.shape() == Shape{512, 784});
  CHECK(total(mask) == std::llround(0.1 * 784 * 512));
  const Tensor thin = random_mask(784, 512, 1e-6, rng);
  CHECK(total(thin) == 512);
  CHECK(min(sum(Var(thin), 1)).item() == 1);
  CHECK(total(random_mask(7, 5, 1.0, rng)) == 35);
  CHECK(total(random_mask(1, 1, 0.01, rng)) == 1);
  // Inputs are used evenly: 51.2 of 512 on average, with a standard deviation of 6.8.
  CHECK(max(sum(Var(mask), 0)).item() < 51.2 + 5 * 6.8);
  CHECK(min(sum(Var(mask), 0)).item() > 51.2 - 5 * 6.8);
}

TEST_CASE("a mask is a function of the Rng it is drawn from") {
  Rng a{5}, b{5}, c{6};
  const Tensor first = random_mask(20, 10, 0.3, a);
  CHECK(same_bits(first, random_mask(20, 10, 0.3, b)));
  CHECK_FALSE(same_bits(first, random_mask(20, 10, 0.3, c)));
}

TEST_CASE("a density that is no share, and a mask of something else, are refused") {
  Rng rng{1};
  CHECK_THROWS_WITH((MaskedLinear{4, 3, 10.0, rng}),
                    "random_mask: the density is the share of active weights, in (0, 1]: 10");
  CHECK_THROWS_AS((MaskedLinear{4, 3, 0.0, rng}), ValueError);
  CHECK_THROWS_AS((MaskedLinear{infer, 3, -1.0, rng}), ValueError);
  CHECK_THROWS_AS(random_mask(0, 3, 0.5, rng), ValueError);
  CHECK_THROWS_WITH((MaskedLinear{full({2, 2}, 0.5), rng}),
                    "MaskedLinear: the mask holds 0.5, but is to be of zeros and ones");
  CHECK_THROWS_AS((MaskedLinear{ones({4}), rng}), ShapeError);
}

TEST_CASE("a MaskedLinear with nothing masked is a Linear, bit for bit") {
  Rng a{1}, b{1};
  const Linear dense{7, 5, a};
  const MaskedLinear sparse{ones({5, 7}), b};
  CHECK(same_bits(sparse.weight.value(), dense.weight.value()));
  const Tensor x = a.normal({3, 7});
  CHECK(same_bits(sparse(Var(x)).value(), dense(Var(x)).value()));
}

TEST_CASE("the initialiser of a masked layer scales with the inputs that are active") {
  Rng rng{1};
  const std::size_t in = 800, out = 400;
  // Half of the outputs see 40 inputs, the others 160.
  Tensor mask = zeros({out, in});
  for (std::size_t row = 0; row < out; ++row)
    for (std::size_t k = 0; k < (row % 2 == 0 ? 40U : 160U); ++k)
      mask.mutable_data<float>()[row * in + (row + 5 * k) % in] = 1;
  const auto spread = [&](const MaskedLinear& layer, std::size_t parity) {
    double squares = 0, count = 0;
    for (std::size_t row = parity; row < out; row += 2)
      for (std::size_t k = 0; k < in; ++k) {
        const double value = layer.weight.value().data<float>()[row * in + k];
        squares += value * value;
        count += mask.data<float>()[row * in + k];
      }
    return std::sqrt(squares / count);
  };
  const MaskedLinear he{mask, rng, {.weight = init::he_normal}};
  CHECK(spread(he, 0) == Approx(std::sqrt(2.0 / 40)).epsilon(0.03));
  CHECK(spread(he, 1) == Approx(std::sqrt(2.0 / 160)).epsilon(0.03));
  const MaskedLinear lecun{mask, rng, {.weight = init::lecun_uniform}};
  CHECK(spread(lecun, 0) == Approx(std::sqrt(1.0 / 40)).epsilon(0.03));
  CHECK(spread(lecun, 1) == Approx(std::sqrt(1.0 / 160)).epsilon(0.03));
  const MaskedLinear glorot{mask, rng};  // an input reaches 50 outputs on average
  CHECK(spread(glorot, 0) == Approx(std::sqrt(2.0 / (40 + 50))).epsilon(0.03));
  CHECK(spread(glorot, 1) == Approx(std::sqrt(2.0 / (160 + 50))).epsilon(0.03));
  CHECK(leak(he) == 0);
  CHECK(he.active_weights() == 200 * 40 + 200 * 160);
}

TEST_CASE("masked weights are exactly zero under every optimizer, with decay and momentum") {
  std::vector<AnyOptimizer> optimizers{
      Sgd{{.rate = 0.1}},
      Sgd{{.rate = 0.1, .momentum = 0.9, .nesterov = true}},
      Adagrad{{.rate = 0.1}},
      Adadelta{},
      RmsProp{{.rate = 0.01, .momentum = 0.9, .centred = true}},
      Adam{{.rate = 0.01}},
      Adam{{.rate = 0.01, .amsgrad = true}},
      AdamW{{.rate = 0.01}},
      NAdam{},
      Lion{{.rate = 0.01}},
  };
  for (AnyOptimizer& optimizer : optimizers) {
    optimizer->group("*", {.l1 = 0.01, .l2 = 0.01, .decay = 0.01});
    INFO(std::string(optimizer->name()));
    Rng rng{1};
    Sequential net{MaskedLinear{10, 20, 0.2, rng}, wengert::tanh, MaskedLinear{20, 3, 0.3, rng}};
    CHECK(leak(net.get<0>()) == 0);
    const Tensor before = net.get<0>().weight.value(), mask = net.get<0>().mask.value();
    for (int step = 0; step < 20; ++step) {
      Tape tape;
      const Var y = net(tape.input(rng.normal({8, 10})));
      optimizer->update(net, tape.backward(mean(square(y - 1.0))));
    }
    CHECK(leak(net.get<0>()) == 0);
    CHECK(leak(net.get<2>()) == 0);
    CHECK(same_bits(net.get<0>().mask.value(), mask));
    CHECK_FALSE(same_bits(net.get<0>().weight.value(), before));
  }
}

TEST_CASE("masked weights are exactly zero after to, clone, save and load") {
  const Folder folder;
  Rng rng{1};
  Sequential net{MaskedLinear{10, 20, 0.2, rng}};
  auto copy = clone(net);
  CHECK(leak(copy.get<0>()) == 0);
  to(copy, f64);
  CHECK(leak(copy.get<0>()) == 0);
  CHECK(copy.get<0>().mask.value().dtype() == f64);
  CHECK(copy(Var(ones({2, 10}, f64))).dtype() == f64);
  save(net, folder / "m.safetensors");
  Sequential other{MaskedLinear{10, 20, 0.7, rng}};
  load(other, folder / "m.safetensors");
  CHECK(leak(other.get<0>()) == 0);
  CHECK(same_bits(other.get<0>().mask.value(), net.get<0>().mask.value()));
  CHECK(other.get<0>().active_weights() == 40);
}

TEST_CASE("what a file holds in the place of masked weights is not loaded") {
  Rng rng{1};
  MaskedLinear layer{matrix({{1, 0}, {0, 1}}), rng};
  load_state(layer, {{"weight", matrix({{1, -2}, {3, 4}})},
                     {"bias", zeros({2})},
                     {"mask", matrix({{1, 0}, {1, 1}})}});
  CHECK(leak(layer) == 0);
  CHECK(layer.weight.value().at({1, 0}) == 3);
  CHECK(layer(Var(ones({1, 2}))).value().at({0, 0}) == 1);
}

TEST_CASE("a mask that holds anything but zeros and ones is not loaded, nor what is beside it") {
  Rng rng{1};
  Sequential model{MaskedLinear{matrix({{1, 0}, {0, 1}}), rng}, Linear{2, 1, rng}};
  const auto before = state(model);
  for (const double stray : {0.5, std::nan("")}) {
    auto values = before;
    values["0.mask"] = matrix({{1, stray}, {0, 1}});
    values["0.weight"] = ones({2, 2});
    CHECK_THROWS_WITH(
        load_state(model, values, "m.safetensors"),
        format("load: '0.mask' holds {} in m.safetensors, but a mask is of zeros and ones", stray));
    for (const auto& [name, value] : state(model)) CHECK(same_bits(value, before.at(name)));
  }
}

TEST_CASE("an output that no input reaches is its bias") {
  Rng rng{1};
  MaskedLinear layer{matrix({{0, 0}, {1, 1}}), rng};
  layer.bias.set(tensor({5, 6}));
  CHECK(layer(Var(ones({1, 2}))).value().at({0, 0}) == 5);
}

TEST_CASE(
    "an undirected bipartite graph of Boost becomes a mask, whichever end an edge names first") {
  Undirected graph(5);  // inputs 0 1 2, outputs 3 4
  add_edge(0, 3, graph);
  add_edge(4, 1, graph);
  add_edge(2, 4, graph);
  add_edge(2, 4, graph);
  CHECK(same_bits(connection_mask(graph, 3), matrix({{1, 0, 0}, {0, 1, 1}})));
  Rng rng{1};
  const MaskedLinear layer{connection_mask(graph, 3), rng};
  CHECK(layer.active_weights() == 3);
}

TEST_CASE("the sides of a bipartite graph may be told apart by any predicate on vertices") {
  Directed graph(4);  // even ones are inputs
  add_edge(0, 1, graph);
  add_edge(2, 1, graph);
  add_edge(2, 3, graph);
  const auto even = [](std::size_t vertex) { return vertex % 2 == 0; };
  CHECK(same_bits(connection_mask(graph, even), matrix({{1, 1}, {0, 1}})));
}

TEST_CASE("a graph of Boost of another type becomes the same mask") {
  boost::adjacency_matrix<boost::undirectedS> graph(4);
  add_edge(0, 2, graph);
  add_edge(1, 3, graph);
  CHECK(same_bits(connection_mask(graph, 2), matrix({{1, 0}, {0, 1}})));
}

TEST_CASE("a graph that is not bipartite between these sides is refused by the edge") {
  Undirected graph(4);
  add_edge(0, 2, graph);
  CHECK_THROWS_WITH(connection_mask(graph, 4),
                    "connection_mask: a side has no vertex: 4 inputs and 0 outputs");
  CHECK_THROWS_AS(connection_mask(graph, 0), ValueError);
  add_edge(1, 0, graph);
  CHECK_THROWS_WITH(connection_mask(graph, 2), ContainsSubstring("edge 1 - 0 joins two inputs"));
  Undirected other(4);
  add_edge(2, 3, other);
  CHECK_THROWS_WITH(connection_mask(other, 2), ContainsSubstring("edge 2 - 3 joins two outputs"));
  Directed reversed(4);
  add_edge(2, 1, reversed);
  CHECK_THROWS_WITH(connection_mask(reversed, 2),
                    ContainsSubstring("edge 2 -> 1 leads from an output to an input"));
}
