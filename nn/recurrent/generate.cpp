// SPDX-License-Identifier: MIT
#include "generate.h"

#include <fmt/format.h>

#include "../../graph/error.h"
#include "../../graph/format.h"
#include "../../ops/arithmetic.h"
#include "../../ops/random.h"

namespace wengert::detail {

void require_first_input(const char* what, const Var& first, std::size_t steps) {
  if (steps == 0) throw ValueError(fmt::format("{}: there are no steps", what));
  if (first.rank() == 0)
    throw ShapeError(
        fmt::format("{}: the first input is a scalar; it has to be [batch, ...]", what));
}

void require_next_input(const char* what, std::size_t t, const Var& x, const Var& first) {
  if (x.shape() == first.shape() && x.dtype() == first.dtype()) return;
  throw ShapeError(fmt::format(
      "{}: what is fed back at step {} is {} {}, but the first input is {} {}; give a "
      "function from output to next input",
      what, t, to_string(x.dtype()), x.shape(), to_string(first.dtype()), first.shape()));
}

void require_teacher(double probability) {
  if (!(probability >= 0.0 && probability <= 1.0))
    throw ValueError(
        fmt::format("unroll_taught: the teacher's probability is in [0, 1]: {}", probability));
}

Var forced(const Var& truth, const Var& own, double probability, Rng& rng) {
  Shape shape{truth.shape()[0]};
  for (std::size_t axis = 1; axis < truth.rank(); ++axis) shape.append(1);
  const Var like = on_same_tape(Var(zeros(shape, own.dtype())), own);
  return where(bernoulli_like(like, probability, rng), truth, own);
}

}  // namespace wengert::detail
