// SPDX-License-Identifier: MIT
// One of each optimizer and variant, with decay wherever it can be had.
#pragma once

#include <vector>

#include <wengert/wengert.h>

namespace testing {

inline std::vector<wengert::AnyOptimizer> every_optimizer(double rate = 0.01) {
  using namespace wengert;
  return {
      Sgd{{.rate = rate}},
      Sgd{{.rate = rate, .decay = 0.1}},
      Sgd{{.rate = rate, .momentum = 0.9, .nesterov = true}},
      Adagrad{{.rate = rate}},
      Adadelta{{.rate = rate}},
      RmsProp{{.rate = rate}},
      RmsProp{{.rate = rate, .momentum = 0.9, .centred = true}},
      Adam{{.rate = rate}},
      Adam{{.rate = rate, .amsgrad = true}}.group("*", {.l1 = 0.1, .l2 = 0.1, .decay = 0.1}),
      AdamW{{.rate = rate, .decay = 0.1}},
      NAdam{{.rate = rate}},
      Lion{{.rate = rate, .decay = 0.1}},
      Sgd{{.rate = rate}}.clip({.value = 0.1, .norm = 0.05}).group("*", {.l1 = 0.1}),
  };
}

}  // namespace testing
