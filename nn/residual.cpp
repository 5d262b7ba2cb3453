// SPDX-License-Identifier: MIT
#include "residual.h"

#include <fmt/format.h>

#include "../graph/error.h"
#include "../ops/arithmetic.h"

namespace wengert::detail {

Var residual(const Var& input, const Var& change) {
  if (input.shape() != change.shape())
    throw ShapeError(
        fmt::format("Residual: the module makes {} of {}, so the two cannot be added; broadcasting "
                    "is not meant",
                    to_string(change.shape()), to_string(input.shape())));
  return input + change;
}

}  // namespace wengert::detail
