// SPDX-License-Identifier: MIT
#include "sgd.h"

#include <fmt/format.h>

#include "../graph/error.h"
#include "../ops/lanes.h"

namespace wengert {

using namespace detail;

Sgd::Sgd(const Options& options) : options_(options) {
  if (!(options.rate >= 0))
    throw ValueError(fmt::format("sgd: the rate has to be 0 or more, got {}", options.rate));
  if (!(options.momentum >= 0 && options.momentum < 1))
    throw ValueError(fmt::format("sgd: momentum lies in [0, 1), got {}", options.momentum));
  if (!(options.decay >= 0))
    throw ValueError(fmt::format("sgd: decay has to be 0 or more, got {}", options.decay));
  if (options.nesterov && options.momentum == 0.0)
    throw ValueError("sgd: Nesterov's variant needs a momentum above 0");
}

void Sgd::apply(const Step& step) const {
  dispatch_float(step.before.dtype(), [&]<class T>(T) {
    const std::size_t n = step.before.size();
    const T* w = step.before.data<T>().data();
    const T* g = step.gradient.data<T>().data();
    T* out = step.weight.mutable_data<T>().data();
    const Lanes<T> rate(static_cast<T>(options_.rate));
    const Lanes<T> decay(static_cast<T>(options_.decay));
    if (step.slots.empty()) {
      transform_many<T, 1, 2>(n, {out}, {w, g}, [=](auto weight, auto gradient) {
        return std::array{weight - rate * (gradient + decay * weight)};
      });
      return;
    }
    T* velocity = step.slots[0].mutable_data<T>().data();
    const Lanes<T> momentum(static_cast<T>(options_.momentum));
    const bool nesterov = options_.nesterov;
    transform_many<T, 2, 3>(
        n, {out, velocity}, {w, g, velocity}, [=](auto weight, auto gradient, auto v) {
          const auto slope = gradient + decay * weight;
          const auto speed = momentum * v + slope;
          return std::array{weight - rate * (nesterov ? slope + momentum * speed : speed), speed};
        });
  });
}

}  // namespace wengert
