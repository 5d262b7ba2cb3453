// SPDX-License-Identifier: MIT
#include "clip.h"

#include <cmath>

#include <fmt/format.h>

#include "../graph/error.h"
#include "measure.h"

namespace wengert {

double global_norm(std::span<Parameter* const> parameters, const Gradients& gradients) {
  double squares = 0;
  for (const Parameter* parameter : parameters) {
    if (!parameter->trainable()) continue;
    const Var* gradient = gradients.find(*parameter);
    if (!gradient)
      throw TapeError(fmt::format("global_norm: '{}' got no gradient: {}", parameter->name(),
                                  gradients.why_missing(*parameter)));
    squares +=
        detail::sum_of_squares(gradient->dtype(), gradient->value().address(), gradient->size());
  }
  return std::sqrt(squares);
}

}  // namespace wengert
