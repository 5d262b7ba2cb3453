// SPDX-License-Identifier: MIT
#include "last_output.h"

#include <algorithm>
#include <vector>

#include "../../graph/error.h"
#include "sequence_mask.h"
#include "unroll.h"

namespace wengert {

Var last_output(std::span<const Var> ys, const Tensor& mask) {
  if (ys.empty()) throw ValueError("last_output: there are no steps");
  if (!mask.defined()) return ys.back();
  detail::require_sequence_mask(mask, ys.size(), ys[0].shape()[0]);
  const std::vector<std::size_t> ends = detail::last_steps(mask);
  const auto [first, last] = std::minmax_element(ends.begin(), ends.end());
  Var result = ys[*first];
  for (std::size_t t = *first + 1; t <= *last; ++t) result = detail::held(mask, t, ys[t], result);
  return result;
}

}  // namespace wengert
