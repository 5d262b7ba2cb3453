// SPDX-License-Identifier: MIT
// A small model and data, and steps with an optimizer, for the tests of optim/.
#pragma once

#include <functional>

#include <wengert/wengert.h>

namespace testing {

using Net = decltype(wengert::Sequential{std::declval<wengert::Linear>(), wengert::tanh,
                                         std::declval<wengert::Linear>()});

inline Net net(std::uint64_t seed = 1) {
  wengert::Rng rng{seed};
  return wengert::Sequential{wengert::Linear{3, 5, rng}, wengert::tanh, wengert::Linear{5, 2, rng}};
}

/// Gradients of a loss that differs from step to step.
inline wengert::Gradients slopes(const Net& net, std::int64_t step) {
  const wengert::Tensor x = wengert::Rng{100 + static_cast<std::uint64_t>(step)}.normal({8, 3});
  wengert::Tape tape;
  return tape.backward(wengert::sum(wengert::square(net(tape.input(x)) - 1.0)));
}

/// One parameter "w" and a gradient that is exactly `gradient`.
inline wengert::Gradients exactly(const wengert::Parameter& w, const wengert::Tensor& gradient) {
  wengert::Tape tape;
  const wengert::Var x = tape.input(gradient);
  return tape.backward(wengert::sum(w.on(x) * x));
}

}  // namespace testing
