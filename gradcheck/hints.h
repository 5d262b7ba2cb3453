// SPDX-License-Identifier: MIT
// From a wrong gradient and the right one to what is likely wrong. Internal.
#pragma once

#include "local_problem.h"
#include "report.h"

namespace wengert::detail {

/// Fills the report's hint, hint_text and pattern from the culprit's input k.
void explain(CheckReport& report, const LocalProblem& problem, const Tensor& cotangent,
             std::size_t k);

/// The same from the two gradients of a leaf alone, where no single op is to blame.
void explain(CheckReport& report, const Tensor& analytic, const Tensor& numeric);

}  // namespace wengert::detail
