// SPDX-License-Identifier: MIT
// The models that are timed: the workloads of bench/peers.py, written as a user of the library
// writes them.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <wengert/wengert.h>

#include "timing.h"

namespace bench {

/// A model, its data and its optimizer.
struct Problem {
  std::string name;
  std::function<wengert::Var(wengert::Tape&)> loss;
  std::function<void(const wengert::Gradients&)> update;
  Derived derived;

  /// One training step: tape, forward, backward, update.
  void step() const {
    wengert::Tape tape;
    const wengert::Var value = loss(tape);
    update(tape.backward(value));
  }
};

/// 784-128-64-128-784, relu, binary cross-entropy from logits.
Problem autoencoder(std::size_t batch);
/// 784-512-512-10, relu, cross-entropy, 128 rows.
Problem classifier();
/// 4-32-16-4, tanh, mean squared error, 10,000 rows.
Problem matrix_exponential();
/// h <- tanh(W x_t + b + U h + c) for 100 steps, one loss at the end.
Problem recurrent(std::size_t width, std::size_t batch);
/// The lecture's cell: h <- tanh(W x_t + b + U h) for 100 steps, a loss at each.
Problem unrolled(std::size_t width, std::size_t batch);

}  // namespace bench
