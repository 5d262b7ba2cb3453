// SPDX-License-Identifier: MIT
// Questions about tapes whose answers are known: a diamond, a chain, two towers, a ladder; Boost's
// dominator tree on random tapes; a million nodes in a row.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <boost/graph/dominator_tree.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <boost/graph/reverse_graph.hpp>

#include <wengert/graph/analysis.h>
#include <wengert/graph/boost_graph.h>
#include <wengert/graph/checkpoint.h>
#include <wengert/graph/error.h>
#include <wengert/graph/peak_memory.h>
#include <wengert/graph/rng.h>
#include <wengert/graph/scope.h>
#include <wengert/graph/tape.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/arithmetic.h>
#include <wengert/ops/indexing.h>
#include <wengert/ops/linalg.h>
#include <wengert/ops/reduce.h>

#include "catch.h"

namespace wg = wengert;
using Catch::Matchers::Message;
using Phase = wg::PeakMemory::Phase;

namespace {

using Nodes = std::vector<std::uint32_t>;

Nodes indices(const std::vector<wg::DescribedNode>& nodes) {
  Nodes result;
  for (const wg::DescribedNode& node : nodes) result.push_back(node.index);
  return result;
}

/// x (node 0), then `length` times tanh, then the sum.
struct Chain {
  explicit Chain(std::size_t length, const wg::Tensor& start = wg::ones({1}))
      : x(tape.variable(start)), loss(x) {
    for (std::size_t i = 0; i < length; ++i) loss = wg::tanh(loss);
    loss = wg::sum(loss);
  }
  wg::Tape tape;
  wg::Var x, loss;
};

/// 0: x, 1: a = tanh x, 2: b = sin a, 3: c = cos a, 4: exp c, 5: product of b and 4, 6: the sum.
struct Diamond {
  wg::Tape tape;
  wg::Var x = tape.variable(wg::ones({4}));
  wg::Var a = wg::tanh(x);
  wg::Var b = wg::sigmoid(a);
  wg::Var c = wg::relu(a);
  wg::Var d = wg::tanh(c);
  wg::Var product = b * d;
  wg::Var loss = wg::sum(product);
};

constexpr std::size_t float_bytes = sizeof(float);

}  // namespace

TEST_CASE("the shortest and the longest way round a diamond differ", "[analysis]") {
  const Diamond diamond;
  const wg::GradientPath shortest =
      wg::shortest_gradient_path(diamond.tape, diamond.loss, diamond.x);
  CHECK(shortest.ops == 4);
  CHECK(indices(shortest.nodes) == Nodes{6, 5, 2, 1, 0});
  CHECK(shortest.nodes[1].description == "node 5 (mul)");
  const wg::GradientPath longest = wg::longest_gradient_path(diamond.tape, diamond.loss, diamond.x);
  CHECK(longest.ops == 5);
  CHECK(indices(longest.nodes) == Nodes{6, 5, 4, 3, 1, 0});
}

TEST_CASE("an unrolled loop's first step is as far as there are steps", "[analysis]") {
  wg::Tape tape;
  wg::Parameter weight(wg::ones({1}), "weight");
  wg::Var h = tape.input(wg::ones({1}));
  for (int t = 0; t < 10; ++t) h = wg::tanh(weight.on(h) * h);
  const wg::Var loss = wg::sum(h);
  CHECK(wg::shortest_gradient_path(tape, loss, weight).ops == 3);
  const wg::GradientPath longest = wg::longest_gradient_path(tape, loss, weight);
  CHECK(longest.ops == 21);
  CHECK(longest.nodes.back().description == "parameter 'weight'");
}

TEST_CASE("the path from a value to itself has no ops", "[analysis]") {
  const Chain chain(2);
  const wg::GradientPath path = wg::shortest_gradient_path(chain.tape, chain.loss, chain.loss);
  CHECK(path.ops == 0);
  CHECK(indices(path.nodes) == Nodes{3});
}

TEST_CASE("there is no gradient path to data, nor from a loss to what came later", "[analysis]") {
  wg::Tape tape;
  const wg::Var x = tape.input(wg::ones({2}));
  const wg::Var w = tape.variable(wg::ones({2}));
  const wg::Var loss = wg::sum(x * w);
  const wg::Var later = wg::tanh(loss);
  CHECK(wg::shortest_gradient_path(tape, loss, x).nodes.empty());
  CHECK(wg::longest_gradient_path(tape, loss, later).nodes.empty());
  CHECK(wg::longest_gradient_path(tape, x, w).nodes.empty());
}

TEST_CASE("a parameter behind an argmax is told to be cut off there", "[analysis]") {
  wg::Tape tape;
  wg::Parameter trained(wg::ones({3}), "decoder.bias");
  wg::Parameter cut(wg::ones({2, 3}), "encoder.weight");
  const wg::Var x = tape.input(wg::ones({4, 3}));
  wg::Var code, loss;
  {
    const wg::Scope scope(x, "encoder");
    code = wg::linear(x, cut.on(x));
  }
  const wg::Var aside = wg::tanh(code);
  const wg::Var chosen = wg::one_hot(wg::argmax(code), 3);
  loss = wg::sum(chosen * trained.on(x));
  const auto found = wg::unreachable_parameters(tape, loss);
  REQUIRE(found.size() == 1);
  CHECK(found[0].name == "encoder.weight");
  CHECK(found[0].last.description == "'encoder' (linear)");
  CHECK(tape.recording().op_name(found[0].reader) == "argmax");
  CHECK(found[0].why == "'encoder.weight' gets no gradient: 'encoder' (linear) is read by node " +
                            std::to_string(found[0].reader) +
                            " (argmax), which is not differentiable");
}

TEST_CASE("a parameter whose way ends beside the loss is told where it ends", "[analysis]") {
  wg::Tape tape;
  wg::Parameter used(wg::ones({2}), "used");
  wg::Parameter forgotten(wg::ones({2}), "forgotten");
  wg::Parameter unread(wg::ones({2}), "unread");
  const wg::Var x = tape.input(wg::ones({2}));
  const wg::Var aside = wg::tanh(x * forgotten.on(x));
  unread.on(x);
  const wg::Var loss = wg::sum(x * used.on(x) * wg::Var(aside.value()));
  const auto found = wg::unreachable_parameters(tape, loss);
  REQUIRE(found.size() == 2);
  CHECK(found[0].reader == wg::UnreachableParameter::nothing);
  CHECK(found[0].why ==
        "'forgotten' gets no gradient: the way from it ends in node 3 (tanh), which nothing that "
        "leads to the loss reads; was its .value() used instead?");
  CHECK(found[1].why == "'unread' gets no gradient: nothing that leads to the loss reads it");
}

TEST_CASE("a parameter that only another loss depends on is unreachable from this one",
          "[analysis]") {
  wg::Tape tape;
  wg::Parameter a(wg::ones({2}), "a");
  wg::Parameter b(wg::ones({2}), "b");
  const wg::Var x = tape.input(wg::ones({2}));
  const wg::Var one = wg::sum(x * a.on(x));
  const wg::Var other = wg::sum(x * b.on(x)) + one;
  CHECK(wg::unreachable_parameters(tape, one).size() == 1);
  CHECK(wg::unreachable_parameters(tape, one)[0].name == "b");
  CHECK(wg::unreachable_parameters(tape, other).empty());
}

TEST_CASE("what every way round a diamond passes through dominates its far end", "[analysis]") {
  const Diamond diamond;
  const wg::Dominators found = wg::dominators(diamond.tape, diamond.loss);
  constexpr std::uint32_t none = wg::Dominators::none;
  CHECK(found.immediate == Nodes{1, 5, 5, 4, 5, 6, none});
  CHECK(indices(found.common) == Nodes{6, 5, 1, 0});
}

TEST_CASE("two towers have only what joins them in common", "[analysis]") {
  wg::Tape tape;
  const wg::Var x = tape.variable(wg::ones({2}));  // 0
  const wg::Var y = tape.variable(wg::ones({2}));  // 1
  const wg::Var left = wg::tanh(wg::tanh(x));      // 2, 3
  const wg::Var right = wg::sigmoid(wg::tanh(y));  // 4, 5
  const wg::Var joined = left * right;             // 6
  const wg::Var loss = wg::sum(joined);            // 7
  CHECK(indices(wg::dominators(tape, loss).common) == Nodes{7, 6});
  CHECK(indices(wg::articulation_points(tape, loss)) == Nodes{3, 5, 6});
}

namespace {

Nodes dominators_by_boost(const wg::Tape& tape, const wg::Var& loss) {
  const wg::TapeGraph graph(tape);
  const std::function<bool(wg::TapeGraph::Edge)> carries = [&graph](wg::TapeGraph::Edge edge) {
    return graph.recording().nodes[source(edge, graph)].tracked;
  };
  const boost::filtered_graph<wg::TapeGraph, std::function<bool(wg::TapeGraph::Edge)>> carrying(
      graph, carries);
  // The overload that makes these itself numbers nodes without a path as if they were the first.
  const auto index = get(boost::vertex_index, graph);
  const std::size_t size = num_vertices(graph);
  std::vector<std::size_t> number(size, std::numeric_limits<std::size_t>::max());
  Nodes parent(size, wg::Dominators::none), by_number = parent, result = parent;
  boost::lengauer_tarjan_dominator_tree(
      boost::make_reverse_graph(carrying), wg::detail::Recording::index_of(loss), index,
      boost::make_iterator_property_map(number.begin(), index),
      boost::make_iterator_property_map(parent.begin(), index), by_number, result.data());
  return result;
}

}  // namespace

TEST_CASE("dominators agree with Boost's on random tapes", "[analysis]") {
  wg::Rng rng{7};
  for (int round = 0; round < 50; ++round) {
    wg::Tape tape;
    std::vector<wg::Var> values{tape.variable(wg::ones({1})), tape.variable(wg::ones({1})),
                                tape.input(wg::ones({1}))};
    const auto any = [&] {
      // Mostly recent ones, so that the graph is long.
      const std::size_t back = std::min<std::size_t>(rng.bits() % 6, values.size() - 1);
      return values[values.size() - 1 - back];
    };
    for (int i = 0; i < 60; ++i)
      values.push_back(rng.bits() % 2 == 0 ? wg::tanh(any()) : any() * any());
    const wg::Var loss = values.back();

    CHECK(wg::dominators(tape, loss).immediate == dominators_by_boost(tape, loss));
  }
}

TEST_CASE("a residual block can be cut at its ends only", "[analysis]") {
  wg::Tape tape;
  wg::Var h = wg::tanh(tape.variable(wg::ones({2})));  // 1
  h = h + wg::tanh(wg::sigmoid(h));                    // 2, 3, 4
  h = h + wg::relu(wg::sigmoid(h));                    // 5, 6, 7
  const wg::Var loss = wg::sum(h);                     // 8
  const auto found = wg::articulation_points(tape, loss);
  CHECK(indices(found) == Nodes{4, 7});
  CHECK(found[0].description == "node 4 (add)");
}

TEST_CASE("weights and inputs that several layers share are no obstacle to a cut", "[analysis]") {
  wg::Tape tape;
  wg::Parameter weight(wg::ones({1}), "weight");
  wg::Var h = tape.variable(wg::ones({1}));
  for (int t = 0; t < 3; ++t) h = wg::tanh(weight.on(h) * h);
  CHECK(wg::articulation_points(tape, wg::sum(h)).size() == 5);
}

TEST_CASE("a long chain takes the memory of all its values and two gradients", "[analysis]") {
  const std::size_t length = 10, size = 1000;
  const Chain chain(length, wg::ones({size}));
  const wg::PeakMemory memory = wg::peak_memory(chain.tape, chain.loss);
  CHECK(memory.leaves == size * float_bytes);
  CHECK(memory.kept == length * size * float_bytes);
  CHECK(memory.kept == chain.tape.kept_bytes());
  // The pullback of the last tanh: x, ten values, the gradients of its output and input.
  CHECK(memory.bytes == (1 + length + 2) * size * float_bytes);
  CHECK(memory.node.index == length);
  CHECK(memory.node.description == "node 10 (tanh)");
  CHECK(memory.phase == Phase::backward);
}

TEST_CASE("what no pullback reads is free after its last use", "[analysis]") {
  wg::Tape tape;
  const std::size_t size = 1000;
  wg::Var h = tape.variable(wg::ones({size}));
  for (int i = 0; i < 10; ++i) h = h + 1.0;  // adds read nothing
  const wg::Var loss = wg::sum(h);
  const wg::PeakMemory memory = wg::peak_memory(tape, loss);
  CHECK(memory.kept == 0);
  CHECK(memory.leaves == size * float_bytes);  // the op holds the 1, as adding a number does
  CHECK(memory.bytes == memory.leaves + 2 * size * float_bytes);
}

TEST_CASE("of a value that nothing differentiates only the forward pass counts", "[analysis]") {
  wg::Tape tape;
  const wg::Var x = tape.input(wg::ones({100}));
  const wg::Var loss = wg::sum(wg::tanh(wg::tanh(x)));
  const wg::PeakMemory memory = wg::peak_memory(tape, loss);
  CHECK(memory.bytes == 300 * float_bytes);
  CHECK(memory.kept == 0);
  CHECK(memory.phase == Phase::forward);
}

namespace {

wg::Var steps(wg::Var h, int count) {
  for (int i = 0; i < count; ++i) h = wg::tanh(h);
  return h;
}

}  // namespace

TEST_CASE("a checkpoint's values count again only while it is gone back through", "[analysis]") {
  const std::size_t size = 1000;
  wg::Tape tape;
  wg::Var h = tape.variable(wg::ones({size}));
  const auto ten = wg::checkpoint([](const wg::Var& x) { return steps(x, 10); });
  for (int i = 0; i < 10; ++i) h = ten(h);
  const wg::PeakMemory memory = wg::peak_memory(tape, wg::sum(h));
  // Between the checkpoints: nine values (the first starts from a leaf, nobody reads the last).
  CHECK(memory.kept == 9 * size * float_bytes);
  CHECK(memory.kept == tape.kept_bytes());
  // In the last checkpoint: those, its ten values, two gradients and the leaf.
  CHECK(memory.bytes == (9 + 10 + 2 + 1) * size * float_bytes);
  CHECK(memory.node.index == 100);
}

TEST_CASE("nested checkpoints hold one branch of the tree at a time", "[analysis]") {
  const std::size_t size = 1000;
  wg::Tape tape;
  const auto inner = wg::checkpoint([](const wg::Var& x) { return steps(x, 10); });
  const auto outer = wg::checkpoint([&](const wg::Var& x) {
    wg::Var h = x;
    for (int i = 0; i < 10; ++i) h = inner(h);
    return h;
  });
  wg::Var h = tape.variable(wg::ones({size}));
  for (int i = 0; i < 10; ++i) h = outer(h);
  const wg::PeakMemory memory = wg::peak_memory(tape, wg::sum(h));
  CHECK(memory.kept == 9 * size * float_bytes);
  CHECK(memory.kept == tape.kept_bytes());
  // Nine of the outer, nine of the inner and the last inner one's ten values.
  CHECK(memory.bytes == (9 + 9 + 10 + 2 + 1) * size * float_bytes);
}

TEST_CASE("questions about a million nodes in a row are answered without a deep stack",
          "[analysis]") {
  const std::size_t length = 1'000'000;
  const Chain chain(length);
  CHECK(wg::shortest_gradient_path(chain.tape, chain.loss, chain.x).ops == length + 1);
  CHECK(wg::longest_gradient_path(chain.tape, chain.loss, chain.x).ops == length + 1);
  CHECK(wg::dominators(chain.tape, chain.loss).common.size() == length + 2);
  CHECK(wg::articulation_points(chain.tape, chain.loss).size() == length - 1);
  CHECK(wg::unreachable_parameters(chain.tape, chain.loss).empty());
  CHECK(wg::peak_memory(chain.tape, chain.loss).kept == length * float_bytes);
}

TEST_CASE("dominators of a ladder of a million nodes are found without a deep stack",
          "[analysis]") {
  wg::Tape tape;
  const wg::Var x = tape.variable(wg::ones({1}));
  wg::Var left = x, right = x;
  for (int i = 0; i < 500'000; ++i) {
    left = wg::tanh(left);
    right = wg::sigmoid(right);
  }
  const wg::Var loss = left * right;
  CHECK(indices(wg::dominators(tape, loss).common) == Nodes{1'000'001, 0});
}

TEST_CASE("a question about a value that is not on the tape says so", "[analysis]") {
  const Chain chain(1), other(1);
  wg::Parameter parameter(wg::ones({1}), "w");
  CHECK_THROWS_MATCHES(
      wg::dominators(chain.tape, wg::Var(wg::ones({1}))), wg::TapeError,
      Message("dominators: this value is on no tape; was the model's input made with "
              "tape.input(...)?"));
  CHECK_THROWS_MATCHES(wg::peak_memory(chain.tape, other.loss), wg::TapeError,
                       Message("peak_memory: this value is on another tape"));
  CHECK_THROWS_MATCHES(
      wg::shortest_gradient_path(chain.tape, chain.loss, parameter), wg::TapeError,
      Message("shortest_gradient_path: parameter 'w' is not on this tape; was the model called?"));
  CHECK_THROWS_AS(wg::unreachable_parameters(chain.tape, other.loss), wg::TapeError);
  CHECK_THROWS_AS(wg::articulation_points(chain.tape, other.loss), wg::TapeError);
  CHECK_THROWS_AS(wg::longest_gradient_path(chain.tape, chain.loss, other.x), wg::TapeError);
}
