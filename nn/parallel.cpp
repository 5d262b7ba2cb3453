// SPDX-License-Identifier: MIT
#include "parallel.h"

#include <fmt/format.h>

#include "../graph/error.h"
#include "../ops/arithmetic.h"
#include "../ops/layout.h"

namespace wengert::detail {

Var join(Join how, const std::vector<Var>& outputs) {
  if (how == Join::concatenate) return concat(outputs, -1);
  Var total = outputs.front();
  for (std::size_t i = 1; i < outputs.size(); ++i) {
    if (outputs[i].shape() != total.shape())
      throw ShapeError(
          fmt::format("Parallel: outputs {} and {} cannot be added; broadcasting is not meant",
                      to_string(total.shape()), to_string(outputs[i].shape())));
    total = total + outputs[i];
  }
  return total;
}

}  // namespace wengert::detail
