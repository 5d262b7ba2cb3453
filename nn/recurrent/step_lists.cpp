// SPDX-License-Identifier: MIT
#include "step_lists.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "../../graph/error.h"
#include "../../graph/format.h"
#include "sequence_mask.h"
#include "unroll.h"

namespace wengert {

std::vector<Var> list_of_steps(const Var& x) {
  if (x.rank() < 2)
    throw ShapeError(
        fmt::format("list_of_steps: a sequence is [T, batch, ...], got {}", x.shape()));
  if (x.shape()[0] == 0) throw ValueError("list_of_steps: there are no steps");
  std::vector<Var> steps;
  steps.reserve(x.shape()[0]);
  for (std::size_t t = 0; t < x.shape()[0]; ++t) steps.push_back(detail::step_of(x, t));
  return steps;
}

Var last_output(std::span<const Var> ys, const Tensor& mask) {
  if (ys.empty()) throw ValueError("last_output: there are no steps");
  if (!mask.defined()) return ys.back();
  detail::require_sequence_mask("last_output", mask, ys.size(), ys[0].shape()[0]);
  const std::vector<std::size_t> ends = detail::last_steps(mask);
  const auto [first, last] = std::minmax_element(ends.begin(), ends.end());
  Var result = ys[*first];
  for (std::size_t t = *first + 1; t <= *last; ++t) result = detail::held(mask, t, ys[t], result);
  return result;
}

}  // namespace wengert
