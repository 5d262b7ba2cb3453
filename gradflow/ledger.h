// SPDX-License-Identifier: MIT
// Which step contributes how much to the gradient of a shared weight (D4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "../graph/tape.h"
#include "../graph/tensor.h"
#include "../graph/var.h"

namespace wengert::gradflow {

/// dL/dW is a sum over the uses of W, one a step; L is the sum of the losses. Entry t is what was
/// recorded after h[t - 1] up to h[t]; the last entry what came after the last state.
struct LedgerRow {
  std::string parameter = {};         ///< its path in the model
  std::vector<double> log_norm = {};  ///< ln of the norm of the step's contribution; -inf for none
  std::vector<double> cosine = {};    ///< of the contribution with the whole gradient; NaN for none
  Tensor total = {};                  ///< the sum of the contributions, float64: dL/dW
  std::size_t uses = 0;               ///< entries that are not zero
  double weight_norm = 0.0;
  double gradient_norm = 0.0;
  double zero = 0.0;           ///< share of the gradient's elements that are exactly 0,
  double below_float32 = 0.0;  ///< and that are not, but below float32's normal range (1.2e-38)
};

struct Ledger {
  std::vector<LedgerRow> rows = {};
  /// Errors: ValueError listing the parameters if there is none of this name.
  const LedgerRow& of(const std::string& parameter) const;
};

/// Of every parameter of the tape that leads to a loss. A matrix computed from a parameter before
/// the first step is used there: its gradient is booked at entry 0. Errors: as for study.
Ledger ledger(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses);

}  // namespace wengert::gradflow
