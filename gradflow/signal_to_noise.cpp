// SPDX-License-Identifier: MIT
#include "signal_to_noise.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::gradflow {

std::vector<SignalToNoise> signal_to_noise_of(std::span<const Parameter* const> parameters,
                                              std::span<const Gradients> batches) {
  if (batches.size() < 2)
    throw ValueError(
        fmt::format("gradflow: what differs between batches takes two gradients or more, got {}",
                    batches.size()));
  const double m = static_cast<double>(batches.size());
  std::vector<SignalToNoise> result;
  for (const Parameter* parameter : parameters) {
    std::vector<double> mean(parameter->size(), 0.0);
    std::vector<Tensor> all;
    for (const Gradients& batch : batches) {
      all.push_back(batch[*parameter].value().to(f64));
      const std::span<const double> g = all.back().data<double>();
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += g[i] / m;
    }
    double squares = 0.0, scatter = 0.0;
    for (const double value : mean) squares += value * value;
    for (const Tensor& batch : all) {
      const std::span<const double> g = batch.data<double>();
      for (std::size_t i = 0; i < mean.size(); ++i) scatter += (g[i] - mean[i]) * (g[i] - mean[i]);
    }
    const double noise = scatter / (m - 1.0);
    result.push_back(
        {parameter->name(), std::sqrt(std::max(0.0, squares - noise / m)), std::sqrt(noise)});
  }
  return result;
}

}  // namespace wengert::gradflow
