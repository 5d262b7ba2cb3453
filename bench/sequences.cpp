// SPDX-License-Identifier: MIT
// Recurrent nets over whole sequences, forward and backward: what bench/recurrent_peers.py runs in
// PyTorch and JAX.
#include <cmath>
#include <memory>

#include <wengert/ops/sequence.h>
#include <wengert/wengert.h>

#include "workloads.h"

namespace bench {
namespace {

namespace wg = wengert;
using wg::Tensor;
using wg::Var;

constexpr std::size_t time_steps = 100;

struct Data {
  Data(std::size_t gates, std::size_t units, std::size_t batch) {
    wg::Rng rng{1};
    const double bound = 1 / std::sqrt(static_cast<double>(units));
    x = rng.uniform({time_steps, batch, 2}, -1, 1);
    initial = wg::zeros({batch, units});
    W_x = rng.uniform({gates * units, 2}, -bound, bound);
    W_h = rng.uniform({gates * units, units}, -bound, bound);
    b = rng.uniform({gates * units}, -bound, bound);
  }
  Tensor x, initial, W_x, W_h, b;
};

/// The gradients of the sum of all states by the weights and biases.
template <class Net>
Workload sequence(const std::string& name, std::size_t gates, std::size_t units, std::size_t batch,
                  Net net) {
  const auto prepare = [=]() -> Step {
    return [data = Data(gates, units, batch), net] {
      wg::Tape tape;
      const Var y = net(tape.input(data.x), tape.input(data.initial), tape.variable(data.W_x),
                        tape.variable(data.W_h), tape.variable(data.b));
      keep(tape.backward(wg::sum(y)));
    };
  };
  return {"sequence/" + name + "/" + std::to_string(units) + "/" + std::to_string(batch),
          prepare,
          microseconds_per("time step", time_steps),
          {}};
}

}  // namespace

Group sequences() {
  Group group{"sequences", 20, {}};
  for (const std::size_t units : {64, 128})
    for (const std::size_t batch : {1, 32}) {
      const auto add = [&](const std::string& name, std::size_t gates, auto net) {
        group.workloads.push_back(sequence(name, gates, units, batch, net));
      };
      add("rnn", 1, [](const Var& x, const Var& h, const Var& W_x, const Var& W_h, const Var& b) {
        return wg::rnn_sequence(x, h, W_x, W_h, b);
      });
      add("lstm", 4, [](const Var& x, const Var& h, const Var& W_x, const Var& W_h, const Var& b) {
        return wg::lstm_sequence(x, h, h, W_x, W_h, b).h;
      });
      add("gru", 3, [](const Var& x, const Var& h, const Var& W_x, const Var& W_h, const Var& b) {
        return wg::gru_sequence(x, h, W_x, W_h, b, b);
      });
    }
  return group;
}

}  // namespace bench
