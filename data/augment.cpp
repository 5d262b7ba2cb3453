// SPDX-License-Identifier: MIT
#include "augment.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::data {
namespace {

void add_noise(Tensor& inputs, const Tensor& mask, double sigma, Rng& rng) {
  if (!is_float(inputs.dtype()))
    throw DTypeError("noise: takes inputs of f32 or f64, got i64; are they labels or words?");
  const Tensor draws = rng.normal(inputs.shape(), inputs.dtype());
  dispatch_float(inputs.dtype(), [&]<class T>(T) {
    const std::span<const T> z = draws.data<T>();
    const std::span<T> x = inputs.mutable_data<T>();
    const T scale = static_cast<T>(sigma);
    const T* real = mask.defined() ? mask.data<T>().data() : nullptr;
    const std::size_t step = real ? x.size() / std::max<std::size_t>(mask.size(), 1) : 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      if (!real || real[i / step] != T{0}) x[i] += scale * z[i];
  });
}

struct Plane {
  std::size_t height, width;
};

/// `to` is `from`, `down` pixels lower and `across` pixels further right.
template <class T>
void move_plane(const T* from, T* to, Plane plane, std::int64_t down, std::int64_t across) {
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  const std::size_t width = plane.width - size(std::abs(across));
  const std::size_t left_from = size(std::max<std::int64_t>(-across, 0));
  const std::size_t left_to = size(std::max<std::int64_t>(across, 0));
  for (std::size_t y = 0; y < plane.height; ++y) {
    const std::int64_t source = static_cast<std::int64_t>(y) - down;
    if (source < 0 || source >= static_cast<std::int64_t>(plane.height)) continue;
    std::copy_n(from + size(source) * plane.width + left_from, width,
                to + y * plane.width + left_to);
  }
}

Tensor shifted(const Tensor& images, Plane plane, std::size_t most, Rng& rng) {
  const std::size_t pixels = plane.height * plane.width;
  const std::size_t count = images.rank() == 0 ? 0 : images.shape()[0];
  const std::size_t row = count == 0 ? 0 : images.size() / count;
  if (images.rank() < 2 || row % pixels != 0)
    throw ShapeError(fmt::format("shift: images of {} x {} are rows of {} elements, got {}",
                                 plane.height, plane.width, pixels, to_string(images.shape())));
  const auto reach = static_cast<std::int64_t>(most);
  const Tensor moves = rng.integers(-reach, reach + 1, {count, 2});
  const std::span<const std::int64_t> by = moves.data<std::int64_t>();
  Tensor result = zeros_like(images);
  dispatch(images.dtype(), [&]<class T>(T) {
    const T* from = images.data<T>().data();
    T* to = result.mutable_data<T>().data();
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t at = i * row; at < (i + 1) * row; at += pixels)
        move_plane(from + at, to + at, plane, by[2 * i], by[2 * i + 1]);
  });
  return result;
}

}  // namespace

Augmentation noise(double sigma) {
  if (!std::isfinite(sigma) || sigma < 0.0)
    throw ValueError(fmt::format("noise: sigma must be finite and not negative: {}", sigma));
  return [=](Batch batch, Rng& rng) {
    add_noise(batch.inputs, batch.mask, sigma, rng);
    return batch;
  };
}

Augmentation shift(std::size_t height, std::size_t width, std::size_t most) {
  if (most >= height || most >= width)
    throw ValueError(fmt::format("shift: images of {} x {} cannot be moved by up to {} pixels",
                                 height, width, most));
  return [=](Batch batch, Rng& rng) {
    const bool together = batch.targets.defined() &&
                          batch.targets.address() == batch.inputs.address() &&
                          batch.targets.shape() == batch.inputs.shape();
    batch.inputs = shifted(batch.inputs, {height, width}, most, rng);
    if (together) batch.targets = batch.inputs;
    return batch;
  };
}

}  // namespace wengert::data
