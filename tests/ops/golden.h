// SPDX-License-Identifier: MIT
// The golden file tests/golden/ops.json (its README has the schema) and the calls of ours that
// answer to its names.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <wengert/graph/var.h>

namespace wengert::op_tests {

struct Case {
  std::string op;
  std::string label;  ///< the op, and what tells its cases apart: "pow 0.5"
  std::string args;   ///< as in the file
  std::function<Var(const std::vector<Var>&)> call;
  bool single = false;
  std::vector<Tensor> inputs;
  Tensor output;
  std::vector<double> reference;  ///< elementwise ops: the true value
  Tensor cotangent;               ///< not defined: no gradients
  std::vector<Tensor> gradients;  ///< not defined for integers
};

/// Those that have true values, that is the elementwise ops of one operand; or all others.
std::vector<Case> golden_cases(bool elementwise);

}  // namespace wengert::op_tests
