// SPDX-License-Identifier: MIT
// What would make the culprit's pullback right: other inputs, a part of the cotangent. Internal.
#pragma once

#include <cstddef>

#include "local_problem.h"
#include "patterns.h"

namespace wengert::detail {

/// The claimed and the right gradient of input k of an op, and the op itself to try things on.
struct Suspicion {
  const Arrays& g;
  const LocalProblem& problem;
  const Tensor& cotangent;
  std::size_t k;
  const Jacobian& jacobian;
};

/// Rows of an input that an index picks more than once.
Finding from_repeated_index(const Suspicion& suspicion);
/// The first hypothesis under which the differences give what the pullback claims: the Jacobian's
/// diagonal alone, some indices of the output, another input's gradient, inputs that are exchanged,
/// shifted, transposed or replaced by the output.
Finding from_hypotheses(const Suspicion& suspicion);

}  // namespace wengert::detail
