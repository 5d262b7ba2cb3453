// SPDX-License-Identifier: MIT
#include "infer.h"

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::detail {

std::size_t told_by(const char* layer, const Var& x) {
  if (x.rank() == 0 || x.shape().back() == 0)
    throw ShapeError(fmt::format("{}: the first batch, {}, tells no number of inputs", layer,
                                 to_string(x.shape())));
  if (x.dtype() != f32)
    throw DTypeError(fmt::format(
        "{}: the first batch is {}, but weights are made as f32; build(model, sample) with f32, "
        "then to(model, f64)",
        layer, to_string(x.dtype())));
  return x.shape().back();
}

}  // namespace wengert::detail
