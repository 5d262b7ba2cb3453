// SPDX-License-Identifier: MIT
// DOT text: the whole of a tiny one, and of larger ones what the picture stands for.
#include <cstddef>
#include <map>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <wengert/graph/dot.h>
#include <wengert/graph/error.h>
#include <wengert/graph/scope.h>
#include <wengert/graph/tape.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/arithmetic.h>
#include <wengert/ops/linalg.h>
#include <wengert/ops/reduce.h>

#include "catch.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Message;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

/// What is drawn: "a -> b" by the boxes' names.
std::vector<std::pair<std::string, std::string>> edges(const std::string& text) {
  const std::regex edge(R"((n\w+) -> (n\w+))");
  std::vector<std::pair<std::string, std::string>> result;
  for (std::sregex_iterator it(text.begin(), text.end(), edge), end; it != end; ++it)
    result.emplace_back((*it)[1], (*it)[2]);
  return result;
}

/// Takes away boxes that nothing leads to until none is left, or only a circle.
bool has_circle(const std::string& text) {
  auto left = edges(text);
  for (std::size_t before = left.size() + 1; left.size() < before;) {
    before = left.size();
    std::map<std::string, bool> has_input;
    for (const auto& [from, to] : left) has_input[to] = true;
    std::erase_if(left, [&](const auto& edge) { return !has_input[edge.first]; });
  }
  return !left.empty();
}

/// A tanh net whose modules are scopes, unrolled.
wg::Var unrolled(wg::Tape& tape, const wg::Parameter& weight, int steps) {
  wg::Var h = tape.input(wg::ones({2, 3}));
  for (int t = 0; t < steps; ++t) {
    const wg::Scope step(h, t);
    const wg::Scope module(h, "cell");
    h = wg::tanh(wg::matmul(h, weight.on(h)));
  }
  return wg::sum(h);
}

}  // namespace

TEST_CASE("a tiny tape's drawing has a box a node and an edge an operand", "[dot]") {
  wg::Tape tape;
  wg::Parameter weight(wg::ones({3}), "layer.weight");
  const wg::Var x = tape.input(wg::ones({2, 3}));
  wg::Var y;
  {
    const wg::Scope scope(x, "layer");
    y = x * weight.on(x);
  }
  CHECK(wg::dot(tape, wg::sum(y * y)) == R"dot(digraph tape {
  graph [rankdir=LR, newrank=true, nodesep=0.15, ranksep=0.3, fontname="Helvetica", fontsize=11]
  node [shape=box, style="rounded,filled", fillcolor=white, color="#33507a", margin="0.1,0.04", height=0.3, fontname="Helvetica", fontsize=11]
  edge [color="#33507a", arrowsize=0.6]
  n3 [label="mul\n[2, 3]", tooltip="node 3 (mul)"]
  n4 [label="sum\n[]", penwidth=2, tooltip="node 4 (sum)"]
  n0 [label="input\n[2, 3]", shape=plain, style="", color=gray70, fontcolor=gray45, tooltip="node 0 (input)"]
  subgraph cluster_0 {
    label="layer"; labeljust=l; style="rounded,filled"; color="#b4c0d2"; fillcolor="#e9eff8"; fontcolor="#33507a"
    n2 [label="mul\n[2, 3]", tooltip="'layer' (mul)"]
    n1 [label="weight [3]", style=filled, fillcolor="#fff1cc", color="#b8860b", tooltip="parameter 'layer.weight'"]
  }
  n0 -> n2 [style=dashed, color=gray70]
  n1 -> n2
  n2 -> n3 [weight=8]
  n2 -> n3 [weight=8]
  n3 -> n4 [weight=8]
}
)dot");
}

TEST_CASE("quotes, backslashes and line ends in names are drawn as they are", "[dot]") {
  wg::Tape tape;
  wg::Parameter weight(wg::ones({1}), "a \"b\" \\N\nc");
  const wg::Var x = tape.input(wg::ones({1}));
  wg::Var loss;
  {
    const wg::Scope scope(x, "say \"hi\"");
    loss = x * weight.on(x);
  }
  const std::string text = wg::dot(tape, loss);
  CHECK_THAT(text, ContainsSubstring(R"(label="a \"b\" \\N\nc [1]")"));
  CHECK_THAT(text, ContainsSubstring(R"(label="say \"hi\"")"));
}

TEST_CASE("parameters that the same op reads share a box", "[dot]") {
  wg::Tape tape;
  wg::Parameter weight(wg::ones({4, 3}), "weight");
  wg::Parameter bias(wg::ones({4}), "bias");
  const wg::Var x = tape.input(wg::ones({2, 3}));
  const std::string text = wg::dot(tape, wg::linear(x, weight.on(x), bias.on(x)));
  CHECK_THAT(text, ContainsSubstring(R"(label="weight [4, 3]\nbias [4]")"));
  CHECK(edges(text).size() == 2);
}

TEST_CASE("what gets no gradient is grey, and edges to it are dashed", "[dot]") {
  wg::Tape tape;
  const wg::Var x = tape.variable(wg::ones({2}));
  const wg::Var loss = wg::sum(wg::where(wg::tanh(x) > 0.0, x, 0.5));
  const std::string text = wg::dot(tape, loss);
  CHECK_THAT(text, ContainsSubstring(R"(n1 [label="tanh\n[2]", color=gray70)"));
  CHECK_THAT(text, ContainsSubstring("n0 -> n1 [style=dashed"));
  CHECK_THAT(text, ContainsSubstring(R"([label="0.5", shape=plain)"));
}

TEST_CASE("what does not lead to the loss is not drawn", "[dot]") {
  wg::Tape tape;
  const wg::Var x = tape.variable(wg::ones({2}));
  const wg::Var aside = wg::tanh(x);
  const wg::Var loss = wg::sum(wg::sigmoid(x));
  CHECK(count(wg::dot(tape, loss), "tanh") == 0);
}

TEST_CASE("a loss that is a leaf is drawn alone", "[dot]") {
  wg::Tape tape;
  const wg::Var x = tape.variable(wg::ones({}));
  const std::string text = wg::dot(tape, x);
  CHECK_THAT(text, ContainsSubstring("n0 [label=\"variable\\n[]\""));
  CHECK(edges(text).empty());
}

TEST_CASE("each time step is a frame with the weight in it, and edges to the next move nothing",
          "[dot]") {
  wg::Tape tape;
  wg::Parameter weight(wg::ones({3, 3}), "cell.weight");
  const std::string text = wg::dot(tape, unrolled(tape, weight, 4));
  for (int t = 0; t < 4; ++t) CHECK(count(text, "label=\"step " + std::to_string(t) + "\"") == 1);
  CHECK(count(text, "label=\"weight [3, 3]\"") == 4);
  CHECK(count(text, "constraint=false") == 3);
  CHECK_THAT(text, ContainsSubstring("{ rank=source; head_0 -> head_1 -> head_2 -> head_3 }"));
}

TEST_CASE("of many time steps the middle ones are one box", "[dot]") {
  wg::Tape tape;
  wg::Parameter weight(wg::ones({3, 3}), "cell.weight");
  const wg::Var loss = unrolled(tape, weight, 100);
  const std::string text = wg::dot(tape, loss, {.most_steps = 5});
  CHECK_THAT(text, ContainsSubstring(R"(label="steps 2 to 97\n192 ops")"));
  CHECK(count(text, "label=\"step ") == 4);
  CHECK(count(text, "weight [3, 3]") == 4);
  CHECK(!has_circle(text));
  CHECK(count(wg::dot(tape, loss, {.most_steps = 100}), "label=\"step ") == 100);
}

TEST_CASE("a folded module is one box that counts its weights", "[dot]") {
  wg::Tape tape;
  wg::Parameter weight(wg::ones({3, 3}), "cell.weight");
  const std::string text = wg::dot(tape, unrolled(tape, weight, 2), {.fold = true});
  CHECK(count(text, R"(label="cell\nmatmul, tanh\nweights: 9\n[2, 3]")") == 2);
  CHECK(edges(text).size() == 3);
}

TEST_CASE("folding stops at the depth it is given", "[dot]") {
  wg::Tape tape;
  wg::Var h = tape.variable(wg::ones({2}));
  {
    const wg::Scope model(h, "model");
    for (const char* name : {"first", "second"}) {
      const wg::Scope scope(h, name);
      h = wg::tanh(wg::sigmoid(h));
    }
  }
  CHECK(count(wg::dot(tape, h, {.fold = true}), "tooltip") == 2);
  const std::string two = wg::dot(tape, h, {.fold = true, .depth = 2});
  CHECK(count(two, "tooltip") == 3);
  CHECK_THAT(two, ContainsSubstring(R"(label="model.second\n)"));
}

TEST_CASE("a module that is used again on what was made of it is folded into two boxes", "[dot]") {
  wg::Tape tape;
  wg::Var h = tape.variable(wg::ones({2}));
  for (int i = 0; i < 2; ++i) {
    {
      const wg::Scope scope(h, "shared");
      h = wg::tanh(wg::sigmoid(h));
    }
    h = wg::relu(h);
  }
  const std::string text = wg::dot(tape, h, {.fold = true});
  CHECK(count(text, R"(label="shared\n)") == 2);
  CHECK(!has_circle(text));
}

TEST_CASE("a loop that goes back in time is drawn without a circle", "[dot]") {
  wg::Tape tape;
  wg::Var h = tape.variable(wg::ones({2}));
  for (const int t : {0, 1, 2, 3, 4, 4, 3, 2, 1, 0}) {
    const wg::Scope step(h, t);
    h = wg::tanh(h);
  }
  CHECK(!has_circle(wg::dot(tape, h)));
  CHECK(!has_circle(wg::dot(tape, h, {.fold = true})));
}

TEST_CASE("the same tape is drawn the same", "[dot]") {
  wg::Parameter weight(wg::ones({3, 3}), "cell.weight");
  wg::Tape one, other;
  CHECK(wg::dot(one, unrolled(one, weight, 3)) == wg::dot(other, unrolled(other, weight, 3)));
}

TEST_CASE("a drawing of what is not on the tape is refused with a reason", "[dot]") {
  const wg::Tape tape, other;
  wg::Tape third;
  const wg::Var x = third.variable(wg::ones({1}));
  CHECK_THROWS_MATCHES(wg::dot(tape, wg::Var(wg::ones({1}))), wg::TapeError,
                       Message("dot: this value is on no tape; was the model's input made with "
                               "tape.input(...)?"));
  CHECK_THROWS_MATCHES(wg::dot(tape, x), wg::TapeError,
                       Message("dot: this value is on another tape"));
  CHECK_THROWS_MATCHES(wg::dot(third, x, {.depth = 0}), wg::ValueError,
                       Message("dot: depth is 0; a module has at least one name"));
  CHECK_THROWS_MATCHES(wg::dot(third, x, {.most_steps = 2}), wg::ValueError,
                       Message("dot: most_steps is 2; the first, the last and what is between make "
                               "at least 3"));
}
