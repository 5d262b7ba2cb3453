// SPDX-License-Identifier: MIT
#include "unroll.h"

#include <fmt/format.h>

#include "../../graph/error.h"
#include "../../graph/format.h"
#include "../../ops/arithmetic.h"
#include "../../ops/layout.h"

namespace wengert::detail {

void require_steps(const char* what, std::span<const Var> xs) {
  if (xs.empty()) throw ValueError(fmt::format("{}: there are no steps", what));
  for (std::size_t t = 0; t < xs.size(); ++t) {
    // Tokens are [batch], features [batch, in].
    if (xs[t].rank() < (is_float(xs[t].dtype()) ? 2U : 1U))
      throw ShapeError(fmt::format(
          "{}: the input of step {} is {}; it has to be [batch, in] (one feature: [batch, 1])",
          what, t, xs[t].shape()));
    if (xs[t].shape() != xs[0].shape())
      throw ShapeError(
          fmt::format("{}: the input of step {} is {}, that of step 0 {}; pad sequences of "
                      "unequal length and "
                      "give a mask",
                      what, t, xs[t].shape(), xs[0].shape()));
  }
}

void require_state_batch(const char* what, const std::string& part, const Var& state,
                         std::size_t batch) {
  if (state.rank() == 0 || state.shape()[0] != batch)
    throw ShapeError(
        fmt::format("{}: the inputs are batches of {}, but '{}' of the first state is {}", what,
                    batch, part, state.shape()));
}

void require_same_shape(const char* what, const std::string& part, const Var& before,
                        const Var& after) {
  if (before.shape() != after.shape())
    throw ShapeError(
        fmt::format("{}: '{}' of the first state is {}, after a step it is {}; begin with the "
                    "shape that the steps keep",
                    what, part, before.shape(), after.shape()));
}

void require_plan(const char* what, const BpttPlan& plan, std::size_t steps) {
  if (!plan.all.parts.empty() && plan.all.end != steps)
    throw ValueError(fmt::format("{}: the memory plan is for {} steps, there are {}", what,
                                 plan.all.end, steps));
}

void require_sequence(const char* what, const Var& x) {
  if (x.rank() < (is_float(x.dtype()) ? 3U : 2U))
    throw ShapeError(fmt::format(
        "{}: a sequence is [T, batch, in], got {}; one feature is [T, batch, 1]", what, x.shape()));
  if (x.shape()[0] == 0) throw ValueError(fmt::format("{}: there are no steps", what));
}

Var step_of(const Var& x, std::size_t t) { return select(x, 0, static_cast<std::int64_t>(t)); }

Var held(const Var& mask, std::size_t t, const Var& now, const Var& before) {
  return where(mask_row(mask, t, now), now, before);
}

}  // namespace wengert::detail
