// SPDX-License-Identifier: MIT
#include "mlp.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert {
namespace {

std::vector<Linear> layers_of(const std::vector<std::size_t>& widths, Rng& rng,
                              const Mlp::Options& options) {
  if (widths.size() < 2 || std::find(widths.begin(), widths.end(), 0U) != widths.end())
    throw ValueError(
        fmt::format("Mlp: it needs the width of its input, of its output, and none of 0; got {}",
                    widths.empty() ? "none" : fmt::format("{}", fmt::join(widths, ", "))));
  std::vector<Linear> layers;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i)
    layers.emplace_back(widths[i], widths[i + 1], rng,
                        Linear::Options{.bias = options.bias, .weight = options.weight});
  return layers;
}

}  // namespace

Mlp::Mlp(const std::vector<std::size_t>& widths, Lambda function, Rng& rng, const Options& options)
    : layers(layers_of(widths, rng, options)),
      activation(std::move(function)),
      dropout(options.dropout, rng) {}

Var Mlp::operator()(const Var& x) const {
  Var value = x;
  for (const Linear& layer : layers) {
    if (&layer != &layers.front()) value = dropout(activation(value));
    value = layer(value);
  }
  return value;
}

}  // namespace wengert
