// SPDX-License-Identifier: MIT
#include "recurrent.h"

#include <fmt/format.h>

#include "../../graph/error.h"
#include "../../graph/format.h"

namespace wengert::detail {

Var time_first(const Var& x) {
  if (x.rank() < 2)
    throw ShapeError(fmt::format("Recurrent: the input is [batch, T, ...], got {}", x.shape()));
  return transpose(x, 0, 1);
}

Tensor mask_time_first(const Tensor& mask, const Var& x) {
  if (x.rank() < 2 || mask.shape() != Shape{x.shape()[0], x.shape()[1]})
    throw ShapeError(
        fmt::format("Recurrent: the mask of an input {} has its first two axes, got {}", x.shape(),
                    mask.shape()));
  Tensor result = transpose(Var(mask)).value();
  require_sequence_mask("Recurrent", result, x.shape()[1], x.shape()[0]);
  return result;
}

}  // namespace wengert::detail
