// SPDX-License-Identifier: MIT
// What a step did to a parameter, in five numbers: where gradients vanish, explode or die.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "../graph/tensor.h"
#include "history.h"

namespace wengert {

/// Of one parameter's gradient and its values before and after the step, all of one shape and
/// dtype (f32 or f64); sums are gathered in float64. A change from zero weights has the ratio
/// infinity, no change the ratio 0. A Tensor that is not defined (a frozen parameter's gradient)
/// leaves its numbers NaN.
/// Errors: ShapeError or DTypeError if they do not fit each other.
GroupStatistics group_statistics(std::string name, const Tensor& gradient, const Tensor& before,
                                 const Tensor& after);

/// The mean over steps, group by group, in the order of their first appearance; infinite ratios
/// (the first step of a bias that starts at zero) are left out of the mean of ratios.
std::vector<GroupStatistics> mean_statistics(std::span<const StepRecord> steps);

}  // namespace wengert
