// SPDX-License-Identifier: MIT
// The model that goes to and fro between PyTorch and us; tests/golden/nn_model.py is its twin.
#pragma once

#include <wengert/wengert.h>

namespace wengert::nn_tests {

inline auto exchange_model(Rng& rng) {
  return Sequential{Linear{6, 5, rng},
                    BatchNorm{5},
                    relu,
                    Residual{Sequential{LayerNorm{5}, Linear{5, 5, rng}}},
                    MaskedLinear{5, 4, 0.5, rng},
                    Dropout{0.2, rng},
                    Linear{4, 3, rng, {.bias = false}}};
}

}  // namespace wengert::nn_tests
