// SPDX-License-Identifier: MIT
// Small trainings that go well or wrong in a known way, for the tests of what judges them. The loop
// is written out here, so that these tests do not depend on the library's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <wengert/train/history.h>

struct Lesson {
  enum class Task {
    digits,       ///< classify the bundled digits, 64-hidden-10
    autoencoder,  ///< reconstruct them through 16 numbers
    curve,        ///< noisy samples of a sine
  };
  Task task = Task::digits;
  std::size_t hidden = 32;
  std::size_t samples = 1000;
  std::size_t validation = 400;
  std::size_t epochs = 40;
  std::size_t batch = 32;
  bool adam = true;  ///< else plain gradient descent
  double rate = 3e-3;
  bool anneal = false;  ///< the rate falls to zero along a cosine
  double dropout = 0.0;
  double wrong_labels = 0.0;    ///< share of the training labels that are random
  double validation_scale = 1;  ///< validation inputs are multiplied by this: another camera
  std::size_t jolt = 0;         ///< after this epoch the weights get a blow
  double initial_bias = 0.0;    ///< of the hidden units: far below zero, relu units are dead
  bool settled = false;         ///< measure the training loss after each epoch too
  std::uint64_t seed = 1;
};

wengert::History teach(const Lesson& lesson);
