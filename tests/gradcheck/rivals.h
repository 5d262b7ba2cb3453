// SPDX-License-Identifier: MIT
// How other libraries check gradients, written anew from what they document, so that the same wrong
// gradients can be put before all. Where a function is no scalar, those that need one get it
// contracted with a random cotangent: more than a sum, which is what users write, would show them.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <wengert/graph/var.h>

namespace wengert::rivals {

/// A function of inputs that may be f32 or f64; i64 inputs are passed on.
using Checked = std::function<Var(std::span<const Var>)>;

/// PyTorch's gradcheck: everything in f64, the whole Jacobian from central differences of step
/// 1e-6; |a - n| <= 1e-5 + 1e-3 |n|; two backward passes agree to the bit, and a zero cotangent
/// gives 0.
bool pytorch_rule(const Checked& f, std::span<const Tensor> inputs);
/// PyTorch's gradgradcheck: the same rule for the gradients, contracted with a random cotangent.
bool pytorch_rule_second_order(const Checked& f, std::span<const Tensor> inputs);
/// DyNet's check_grad: the recorded graph in f32, central differences of step 5e-3; an error up to
/// 0.01, absolute or relative to the larger of the two, passes.
bool dynet_style(const Checked& f, std::span<const Tensor> inputs);
/// dlib's test_layer: f32, ten random cotangents, steps of eps x; fails where an element is off by
/// more than 5 % and more than 0.006, or if an input's mean relative error is above 0.003; passes
/// if it does for any of the eps 1e-4, 2e-4, ..., 5e-2 and 1e-2.
bool dlib_style(const Checked& f, std::span<const Tensor> inputs);
/// KANN's kad_check_grad: the recorded graph in f32 along one direction, uniform in [0, 1e-5) for
/// every element; compares magnitudes, to 1 %, unless curvature or a small slope excuses.
bool kann_style(const Checked& f, std::span<const Tensor> inputs);
/// What users of LibTorch write for want of a checker: f32, all elements, central differences of
/// step 1e-3, |a - n| <= 1e-2 max(1, |n|).
bool float32_differences(const Checked& f, std::span<const Tensor> inputs);

struct Rival {
  std::string name;
  bool (*passes)(const Checked&, std::span<const Tensor>);
  /// Null if it has no check of second derivatives.
  bool (*passes_second_order)(const Checked&, std::span<const Tensor>) = nullptr;
};
/// In the order of the columns of the table.
const std::vector<Rival>& rivals();

}  // namespace wengert::rivals
