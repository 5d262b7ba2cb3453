// SPDX-License-Identifier: MIT
#include "layer_norm.h"

#include <algorithm>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../ops/arithmetic.h"
#include "../ops/elementwise.h"
#include "../ops/reduce.h"

namespace wengert {

LayerNorm::LayerNorm(const Shape& last_axes, const Options& options)
    : axes(last_axes), epsilon(options.epsilon) {
  if (axes.rank() == 0 || axes.size() == 0)
    throw ValueError(
        fmt::format("LayerNorm: {} has no features to normalise over", to_string(axes)));
  if (!(epsilon >= 0.0))
    throw ValueError(fmt::format("LayerNorm: epsilon must not be negative: {}", epsilon));
  if (options.affine) weight = Parameter(ones(axes), "weight");
  if (options.affine && options.bias) bias = Parameter(zeros(axes), "bias");
}

Var LayerNorm::operator()(const Var& x) const {
  if (x.rank() < axes.rank() ||
      !std::equal(axes.begin(), axes.end(), x.shape().end() - axes.rank()))
    throw ShapeError(fmt::format("LayerNorm: it was made for values that end in {}, got {}",
                                 to_string(axes), to_string(x.shape())));
  const Shape rows{x.size() / axes.size(), axes.size()};
  const Var values = axes.rank() == 1 ? x : reshape(x, rows);
  const Var centred = values - mean(values, -1, keep_axes);
  const Var variance = mean(square(centred), -1, keep_axes);
  Var y = centred * rsqrt(variance + epsilon);
  if (axes.rank() != 1) y = reshape(y, x.shape());
  if (weight.id() != 0) y = y * weight.on(x);
  return bias.id() != 0 ? y + bias.on(x) : y;
}

}  // namespace wengert
