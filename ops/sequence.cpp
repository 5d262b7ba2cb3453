// SPDX-License-Identifier: MIT
// What the ops of sequence.h have in common; each has a file of its own.
#include "sequence.h"

#include <fmt/format.h>

#include "layout.h"
#include "sequence_kernels.h"

namespace wengert::detail {

SequenceExtents sequence_extents(const Shape& x, const Shape& recurrent) {
  return {x[0], x[1], x[2], recurrent[1]};
}

SequenceExtents checked_extents(std::string_view op, const Tensor& x, std::string_view weight,
                                const Tensor& recurrent, std::size_t gates) {
  if (x.rank() != 3)
    throw ShapeError(fmt::format("{}: x has shape {}, not [time, batch, in]{}", op,
                                 to_string(x.shape()),
                                 x.rank() == 2 ? "; unsqueeze(x, 1) makes a batch of one" : ""));
  const Shape& shape = recurrent.shape();
  if (shape.rank() != 2 || shape[0] != gates * shape[1])
    throw ShapeError(fmt::format("{}: {} has shape {}, not [{}n, n]", op, weight, to_string(shape),
                                 gates == 1 ? "" : std::to_string(gates) + " "));
  return sequence_extents(x.shape(), shape);
}

void check_operand(std::string_view op, std::string_view what, const Tensor& operand,
                   const Shape& wanted, const SequenceExtents& e) {
  if (operand.shape() == wanted) return;
  throw ShapeError(fmt::format("{}: {} has shape {}; for x {} and {} units it has to be {}", op,
                               what, to_string(operand.shape()),
                               to_string(Shape{e.steps, e.batch, e.in}), e.units,
                               to_string(wanted)));
}

Var previous_states(const Var& initial, const Var& states) {
  if (states.shape()[0] == 0) return states;
  const Var first = unsqueeze(initial, 0);
  const auto steps = static_cast<std::int64_t>(states.shape()[0]);
  return steps == 1 ? first : concat({first, slice(states, 0, 0, steps - 1)}, 0);
}

}  // namespace wengert::detail
