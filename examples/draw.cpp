// SPDX-License-Identifier: MIT
// A tape as a graph: pictures of a classifier and of an unrolled recurrent net, and what the graph
// tells about the way of the gradient, about memory, and about where to cut for a checkpoint.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <CLI/CLI.hpp>

#include <wengert/graph/analysis.h>
#include <wengert/graph/dot.h>
#include <wengert/graph/peak_memory.h>
#include <wengert/wengert.h>

namespace wg = wengert;

void study(const wg::Tape& tape, const wg::Var& loss, const wg::Parameter& weight,
           const std::filesystem::path& file) {
  wg::print("  a gradient of {} comes through {} ops, at most through {}", weight.name(),
            wg::shortest_gradient_path(tape, loss, weight).ops,
            wg::longest_gradient_path(tape, loss, weight).ops);
  const wg::PeakMemory memory = wg::peak_memory(tape, loss);
  wg::print("  at least {} kB at the worst moment, which is at {}", memory.bytes / 1024,
            memory.node.description);
  for (const wg::DescribedNode& node : wg::articulation_points(tape, loss))
    wg::print("  a checkpoint could end at {}", node.description);

  std::ofstream(file) << wg::dot(tape, loss);
  wg::print("  {}", file.string());
  const std::string command = "dot -Tsvg -O '" + file.string() + "' 2>/dev/null";
  if (std::system(command.c_str()) == 0) wg::print("  {}.svg", file.string());
  else wg::print("  not drawn: there is no Graphviz (apt install graphviz)");
}

int main(int argc, char** argv) {
  CLI::App app{"Draws two tapes and says what their graphs tell."};
  std::string output = ".";
  bool quick = false;
  app.add_option("--output", output, "Directory for the drawings")->capture_default_str();
  app.add_flag("--quick", quick, "A recurrent net of 2 time steps instead of 4");
  CLI11_PARSE(app, argc, argv);
  std::filesystem::create_directories(output);
  wg::Rng rng{1};

  wg::print("A classifier 64-32-10:");
  wg::Sequential classifier{wg::Linear{64, 32, rng}, wg::relu, wg::Linear{32, 10, rng}};
  const auto weights = wg::parameters(classifier);
  wg::Tape tape;
  const wg::Var logits = classifier(tape.input(rng.normal({100, 64})));
  const wg::Var loss = wg::cross_entropy(logits, rng.integers(0, 10, {100}));
  study(tape, loss, *weights.front(), output + "/tape.dot");

  wg::print("A recurrent net, unrolled:");
  wg::Parameter in(rng.normal({2, 8}), "in"), hidden(rng.normal({8, 8}), "hidden");
  wg::Parameter out(rng.normal({8, 1}), "out");
  wg::Tape unrolled;
  wg::Var h = wg::zeros({100, 8}), total = wg::scalar(0);
  for (int t = 0; t < (quick ? 2 : 4); ++t) {
    const wg::Var x = unrolled.input(rng.normal({100, 2}));
    const wg::Scope step(x, t);
    h = wg::tanh(wg::matmul(x, in.on(x)) + wg::matmul(h, hidden.on(x)));
    total = total + wg::mse(wg::matmul(h, out.on(h)), rng.normal({100, 1}));
  }
  study(unrolled, total, hidden, output + "/unrolled.dot");
}
