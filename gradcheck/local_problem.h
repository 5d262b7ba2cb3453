// SPDX-License-Identifier: MIT
// One op alone, at the operands it had on the tape: what its pullback says, and what differences
// say. Internal.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "../graph/op.h"
#include "../graph/rng.h"
#include "../graph/tensor.h"
#include "difference.h"

namespace wengert::detail {

/// Derivatives of every output element by every element of one input, f64 [out, in].
struct Jacobian {
  std::size_t outputs = 0, inputs = 0;
  std::vector<double> values;  ///< by input: column i is values[i * outputs ...]
  bool known = false;          ///< no kink was in the way

  double at(std::size_t output, std::size_t input) const {
    return values[input * outputs + output];
  }
  /// J' c, [in]
  std::vector<double> pulled(std::span<const double> cotangent) const;
};

class LocalProblem {
 public:
  /// Float operands are f64. `wanted` says by which inputs there is a gradient.
  LocalProblem(const Op& op, Operands in, std::vector<bool> wanted);

  const Op& op() const { return *op_; }
  const std::vector<Tensor>& inputs() const { return inputs_; }
  const Tensor& output() const { return output_; }
  const std::vector<bool>& wanted() const { return wanted_; }

  /// The same op with another input k.
  LocalProblem moved(std::size_t k, const Tensor& input) const;

  Tensor run(const std::vector<Tensor>& inputs) const;
  /// The cotangents of the wanted inputs, by the op's pullback; the others are undefined.
  std::vector<Tensor> pulled(const Tensor& cotangent) const;
  /// What rounding of the operands and the result does to <c, op(x)>.
  double noise(const Tensor& cotangent, Rng& rng) const;
  /// <c, op(x)> along a direction of input k, with the branches it crosses.
  Line along(std::size_t k, const Tensor& direction, const Tensor& cotangent) const;
  /// By differences, with other values of the inputs if asked.
  Jacobian jacobian(std::size_t k, const std::vector<Tensor>& at) const;

 private:
  std::size_t crossed(const std::vector<Tensor>& inputs, const Tensor& out) const;

  const Op* op_;
  std::vector<Tensor> inputs_;
  std::vector<bool> wanted_;
  Tensor output_;
  Tensor sides_;
};

}  // namespace wengert::detail
