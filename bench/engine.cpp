// SPDX-License-Identifier: MIT
// What a node costs. The ops are trivial on purpose: nearly all of the time is the engine's.
#include <memory>

#include <wengert/wengert.h>

#include "machine.h"
#include "workloads.h"

namespace bench {
namespace {

namespace wg = wengert;

constexpr int chain_length = 1000;
constexpr std::size_t chain_width = 64;

/// x + x + x + ...: every node has two inputs, and both want a gradient.
wg::Var add_chain(const wg::Var& x, int nodes) {
  wg::Var y = x;
  for (int node = 0; node < nodes; ++node) y = y + x;
  return y;
}

wg::Tensor some_values() {
  wg::Rng rng{1};
  return rng.uniform({chain_width});
}

/// A recorded chain, to be run backward or again.
struct Recorded {
  Recorded(const wg::Tensor& start, int nodes)
      : x(tape.variable(start)), y(add_chain(x, nodes)), cotangent(wg::ones_like(start)) {}
  wg::Tape tape;
  wg::Var x;
  wg::Var y;
  wg::Var cotangent;
};

Step node_forward() {
  return [start = some_values()] {
    wg::Tape tape;
    keep(add_chain(tape.variable(start), chain_length));
  };
}

Step node_forward_backward() {
  return [start = some_values(), cotangent = wg::ones({chain_width})] {
    wg::Tape tape;
    keep(tape.backward(add_chain(tape.variable(start), chain_length), cotangent));
  };
}

Step node_replay() {
  return [recorded = std::make_shared<Recorded>(some_values(), chain_length)] {
    keep(recorded->tape.replay(recorded->y));
  };
}

Step tanh_chain() {
  return [start = some_values()] {
    wg::Tape tape;
    wg::Var y = tape.variable(start);
    for (int node = 0; node < chain_length; ++node) y = wg::tanh(y);
    keep(tape.backward(wg::sum(y)));
  };
}

/// Scalars, so that the tape and not the tensors fills the memory.
std::vector<Result> linear_cost(int nodes, const Options& options) {
  const std::string size = std::to_string(nodes);
  wg::trim_memory();
  reset_peak_resident();
  const std::size_t before = peak_resident_bytes();
  const std::vector<Workload> passes{
      {"linear_cost/forward/" + size,
       [nodes]() -> Step { return [nodes] { keep(Recorded(wg::scalar(1), nodes)); }; },
       nanoseconds_per("node", nodes),
       {}},
      {"linear_cost/backward/" + size,
       [nodes]() -> Step {
         return [recorded = std::make_shared<Recorded>(wg::scalar(1), nodes)] {
           keep(recorded->tape.backward(recorded->y, recorded->cotangent));
         };
       },
       nanoseconds_per("node", nodes),
       {}}};
  std::vector<Result> results;
  // One after the other, so that the peak is one tape's.
  for (const Workload& pass : passes)
    results.push_back(time_interleaved(std::span(&pass, 1), options.seconds,
                                       nodes < 1'000'000 ? options.repetitions : 3)[0]);
  const auto grown = static_cast<double>(peak_resident_bytes() - before);
  Result peak = figure("linear_cost/peak_resident/" + size, "MB", grown / 1e6);
  peak.derived_unit = "bytes/node";
  peak.derived = grown / nodes;
  results.push_back(peak);
  return results;
}

}  // namespace

Group engine() {
  Group group{"engine", 4, {}};
  const auto add = [&](const char* name, Step (*prepare)()) {
    group.workloads.push_back({name, prepare, nanoseconds_per("node", chain_length), {}});
  };
  add("node_forward", node_forward);
  add("node_forward_backward", node_forward_backward);
  add("node_replay", node_replay);
  add("chain1000", tanh_chain);
  for (const int nodes : {10'000, 100'000, 1'000'000, 10'000'000})
    group.workloads.push_back(
        {"linear_cost/" + std::to_string(nodes), {}, {}, [nodes](const Options& options) {
           const bool skip = options.quick && nodes > 1'000'000;
           return skip ? std::vector<Result>{} : linear_cost(nodes, options);
         }});
  return group;
}

}  // namespace bench
