// SPDX-License-Identifier: MIT
#include "batch_norm.h"

#include <array>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/mode.h"
#include "../ops/arithmetic.h"
#include "../ops/elementwise.h"
#include "../ops/reduce.h"
#include "state_watch.h"

namespace wengert {
namespace {

Tensor count_of(std::int64_t batches) {
  return Tensor::from<std::int64_t>(std::array{batches}, Shape{});
}

}  // namespace

BatchNorm::BatchNorm(std::size_t features, const Options& options)
    : running_mean(zeros({features})),
      running_var(ones({features})),
      num_batches_tracked(count_of(0)),
      epsilon(options.epsilon),
      momentum(options.momentum) {
  if (features == 0) throw ValueError("BatchNorm: it needs at least one feature, got 0");
  if (!(momentum >= 0.0 && momentum <= 1.0))
    throw ValueError(
        fmt::format("BatchNorm: the momentum is the share of the new batch, in "
                    "[0, 1]: {}",
                    momentum));
  if (!(epsilon >= 0.0))
    throw ValueError(fmt::format("BatchNorm: epsilon must not be negative: {}", epsilon));
  if (options.affine) {
    weight = Parameter(ones({features}), "weight");
    bias = Parameter(zeros({features}), "bias");
  }
}

Var BatchNorm::operator()(const Var& x) const {
  const std::size_t features = running_mean.value().size();
  if (x.rank() < 2 || x.shape()[1] != features)
    throw ShapeError(fmt::format("BatchNorm: it was made for [n, {}, ...], got {}", features,
                                 to_string(x.shape())));
  detail::StateWatch::note("BatchNorm", &running_mean, x.shape());
  // As [n, features, rest], so that the batch's axes are two whatever the rank.
  const Shape flat{x.shape()[0], features, x.size() == 0 ? 1 : x.size() / x.shape()[0] / features};
  const Shape row{features, 1};
  const Var values = reshape(x, flat);
  const std::size_t count = flat[0] * flat[2];
  Var centred;
  Var scale;
  if (training(x)) {
    if (count < 2)
      throw ValueError(fmt::format(
          "BatchNorm: training needs more than one value a feature, got {}; a last batch of one? "
          "drop_last leaves it out",
          to_string(x.shape())));
    const Var batch_mean = mean(values, {0, 2}, keep_axes);
    centred = values - batch_mean;
    const Var variance = mean(square(centred), {0, 2}, keep_axes);
    scale = rsqrt(variance + epsilon);
    follow(batch_mean.value(), variance.value(), count);
  } else {
    centred = values - reshape(running_mean.value(), row);
    scale = rsqrt(reshape(running_var.value(), row) + epsilon);
  }
  if (!is_affine()) return reshape(centred * scale, x.shape());
  return reshape(centred * (scale * reshape(weight.on(x), row)) + reshape(bias.on(x), row),
                 x.shape());
}

void BatchNorm::follow(const Tensor& mean, const Tensor& variance, std::size_t count) const {
  const double unbiased = static_cast<double>(count) / static_cast<double>(count - 1);
  const auto step = [this](Buffer& running, const Var& batch) {
    const Shape shape = running.value().shape();
    running.set(
        ((1.0 - momentum) * Var(running.value()) + momentum * reshape(batch, shape)).value());
  };
  step(running_mean, mean);
  step(running_var, unbiased * Var(variance));
  num_batches_tracked.set(count_of(num_batches_tracked.value().data<std::int64_t>()[0] + 1));
}

}  // namespace wengert
