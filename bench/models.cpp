// SPDX-License-Identifier: MIT
// Training steps: their time, their memory, and whether they stay as fast as they start.
#include <numeric>

#include "problem.h"
#include "workloads.h"

namespace bench {
namespace {

namespace wg = wengert;

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<Result> bytes_of_step(const std::string& name, const Problem& problem) {
  problem.step();  // makes the optimizer's state, which lives longer than a step
  const std::int64_t before = wg::memory_use().live;
  wg::reset_peak_memory();
  std::size_t kept = 0;
  std::size_t with_leaves = 0;
  {
    wg::Tape tape;
    const wg::Var loss = problem.loss(tape);
    kept = tape.kept_bytes();
    with_leaves = tape.kept_bytes(true);
    problem.update(tape.backward(loss));
  }
  const auto bytes = [](auto count) { return static_cast<double>(count); };
  return {figure(name + "/kept", "bytes", bytes(kept)),
          figure(name + "/kept_with_leaves", "bytes", bytes(with_leaves)),
          figure(name + "/peak", "bytes", bytes(wg::memory_use().peak - before))};
}

/// A step in pieces: forward alone, with backward, and the update alone.
void add_pieces(Group& group, const std::string& name, const std::function<Problem()>& make) {
  const auto forward = [make]() -> Step {
    return [problem = make()] {
      wg::Tape tape;
      keep(problem.loss(tape));
    };
  };
  const auto forward_backward = [make]() -> Step {
    return [problem = make()] {
      wg::Tape tape;
      keep(tape.backward(problem.loss(tape)));
    };
  };
  const auto update = [make]() -> Step {
    const Problem problem = make();
    wg::Tape tape;
    const wg::Gradients gradients = tape.backward(problem.loss(tape));
    return [problem, gradients] { problem.update(gradients); };
  };
  group.workloads.push_back({"pieces/" + name + "/forward", forward, {}, {}});
  group.workloads.push_back({"pieces/" + name + "/forward_backward", forward_backward, {}, {}});
  group.workloads.push_back({"pieces/" + name + "/update", update, {}, {}});
}

/// A parameter and its optimizer, without a model around them.
Workload update(const std::string& name, const wg::AnyOptimizer& optimizer, std::size_t size) {
  const auto prepare = [optimizer, size]() -> Step {
    wg::Rng rng{1};
    const auto weight = std::make_shared<wg::Parameter>(rng.uniform({size}), "weight");
    wg::Tape tape;
    const wg::Var x = tape.variable(rng.uniform({size}));
    const wg::Gradients gradients = tape.backward(wg::sum(weight->on(x) * x));
    return [weight, gradients, own = std::make_shared<wg::AnyOptimizer>(optimizer)] {
      (*own)->update(*weight, gradients);
    };
  };
  return {name + "/" + std::to_string(size),
          prepare,
          nanoseconds_per("value", static_cast<double>(size)),
          {}};
}

// Each step on its own, since the question is how they change.
std::vector<Result> drift(const Options& options) {
  const Problem problem = autoencoder(32);
  const std::size_t part = options.quick ? 100 : 1000;
  std::vector<double> times;
  for (std::size_t step = 0; step < 5 * part; ++step)
    times.push_back(seconds_of([&] { problem.step(); }));
  const std::span<const double> all(times);
  const auto first = all.first(part);
  const auto last = all.last(part);
  const Quartiles early = quartiles({first.begin(), first.end()});
  const Quartiles late = quartiles({last.begin(), last.end()});
  return {
      figure("denormals", "ratio", mean(last) / mean(first)),
      figure("denormals/medians", "ratio",
             {late.lower / early.lower, late.median / early.median, late.upper / early.upper}),
      figure("denormals/first", "us", {1e6 * early.lower, 1e6 * early.median, 1e6 * early.upper}),
      figure("denormals/last", "us", {1e6 * late.lower, 1e6 * late.median, 1e6 * late.upper})};
}

}  // namespace

Group models() {
  Group group{"models", 20, {}};
  for (const auto& make : std::initializer_list<std::function<Problem()>>{
           [] { return autoencoder(32); }, [] { return autoencoder(128); }, classifier,
           matrix_exponential, [] { return recurrent(64, 32); }, [] { return unrolled(64, 32); },
           [] { return unrolled(64, 1); }}) {
    const Problem problem = make();
    group.workloads.push_back({problem.name,
                               [make]() -> Step { return [problem = make()] { problem.step(); }; },
                               problem.derived,
                               {}});
  }
  return group;
}

Group pieces() {
  Group group{"pieces", 10, {}};
  add_pieces(group, "ae32", [] { return autoencoder(32); });
  add_pieces(group, "ae128", [] { return autoencoder(128); });
  add_pieces(group, "unroll_64_32", [] { return unrolled(64, 32); });
  for (const std::size_t size : {4096, 65536, 1 << 20})
    group.workloads.push_back(update("adam", wg::Adam{}, size));
  for (const wg::AnyOptimizer& optimizer :
       std::initializer_list<wg::AnyOptimizer>{wg::Sgd{}, wg::Adagrad{}, wg::Adadelta{},
                                               wg::RmsProp{}, wg::AdamW{}, wg::NAdam{}, wg::Lion{}})
    group.workloads.push_back(update(std::string(optimizer->name()), optimizer, 65536));
  return group;
}

Group memory() {
  Group group{"memory", 1, {}};
  const auto add = [&](const std::string& name, const std::function<Problem()>& make) {
    group.workloads.push_back({"memory/" + name, {}, {}, [=](const Options&) {
                                 return bytes_of_step("memory/" + name, make());
                               }});
  };
  add("ae32", [] { return autoencoder(32); });
  add("ae128", [] { return autoencoder(128); });
  add("unroll_64_32", [] { return unrolled(64, 32); });
  return group;
}

Group denormals() { return {"denormals", 1, {{"denormals", {}, {}, drift}}}; }

}  // namespace bench
