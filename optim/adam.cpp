// SPDX-License-Identifier: MIT
#include "adam.h"

#include <cmath>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../ops/lanes.h"

namespace wengert {

using namespace detail;

Adam::Adam(const Options& options) : options_(options) {
  if (!(options.rate >= 0))
    throw ValueError(fmt::format("adam: the rate has to be 0 or more, got {}", options.rate));
  if (!(options.epsilon >= 0))
    throw ValueError(fmt::format("adam: epsilon has to be 0 or more, got {}", options.epsilon));
  for (const double beta : {options.beta1, options.beta2})
    if (!(beta >= 0 && beta < 1))
      throw ValueError(fmt::format("adam: beta1 and beta2 lie in [0, 1), got {}", beta));
}

void Adam::apply(const Step& step) const {
  const auto t = static_cast<double>(step.number);
  const double mean_scale = options_.rate / (1.0 - std::pow(options_.beta1, t));
  const double root_scale = 1.0 / std::sqrt(1.0 - std::pow(options_.beta2, t));
  dispatch_float(step.before.dtype(), [&]<class T>(T) {
    const auto lanes = [](double value) { return Lanes<T>(static_cast<T>(value)); };
    const Lanes<T> beta1 = lanes(options_.beta1), rest1 = lanes(1.0 - options_.beta1);
    const Lanes<T> beta2 = lanes(options_.beta2), rest2 = lanes(1.0 - options_.beta2);
    const Lanes<T> rate = lanes(mean_scale), root = lanes(root_scale),
                   epsilon = lanes(options_.epsilon);
    T* m = step.slots[0].mutable_data<T>().data();
    T* v = step.slots[1].mutable_data<T>().data();
    transform_many<T, 3, 4>(
        step.before.size(), {step.weight.mutable_data<T>().data(), m, v},
        {step.before.data<T>().data(), step.gradient.data<T>().data(), m, v},
        [=](auto weight, auto gradient, auto first, auto second) {
          const auto mean = beta1 * first + rest1 * gradient;
          const auto square = beta2 * second + rest2 * (gradient * gradient);
          return std::array{weight - rate * mean / (sqrt(square) * root + epsilon), mean, square};
        });
  });
}

}  // namespace wengert
