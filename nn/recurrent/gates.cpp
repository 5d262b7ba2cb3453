// SPDX-License-Identifier: MIT
#include "gates.h"

#include <vector>

#include <fmt/format.h>

#include "../../graph/error.h"
#include "../../graph/format.h"
#include "../../graph/scope.h"
#include "../../ops/activation.h"
#include "../../ops/layout.h"

namespace wengert::detail {

void require_sizes(const char* cell, std::size_t in, std::size_t n) {
  if (in == 0 || n == 0)
    throw ValueError(
        fmt::format("{}: {} inputs and {} hidden units; both have to be at least 1", cell, in, n));
}

void require_width(const char* cell, const char* what, const Var& value, const Parameter& weight) {
  const std::size_t width = weight.shape().back();
  if (value.rank() > 0 && value.shape().back() == width) return;
  throw ShapeError(fmt::format("{}: {} {} does not fit {} {}: the last axis of {} has to be {}",
                               cell, what, value.shape(), weight.name(), weight.shape(), what,
                               width));
}

Var zero_state(const char* cell, const Var& x, std::size_t n, DType dtype) {
  if (x.rank() == 0)
    throw ShapeError(fmt::format("{}: one step's input is [batch, in], got a scalar", cell));
  return zeros({x.shape()[0], n}, dtype);
}

Var gate(const char* name, const Var& x) {
  const Scope scope(x, name);
  return sigmoid(x);
}

Tensor for_each_gate(std::size_t gates, std::size_t n, std::size_t in,
                     const init::Initializer& initializer, Rng& rng) {
  std::vector<Var> blocks;
  for (std::size_t gate = 0; gate < gates; ++gate) blocks.emplace_back(initializer({n, in}, rng));
  return concat(blocks, 0).value();
}

}  // namespace wengert::detail
