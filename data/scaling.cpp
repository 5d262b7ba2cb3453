// SPDX-License-Identifier: MIT
#include "scaling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::data {
namespace {

void require_float(const char* op, const Tensor& x) {
  if (!is_float(x.dtype()))
    throw DTypeError(fmt::format("{}: takes f32 or f64, got i64; convert with to(f32)", op));
}

/// [features...] of [n, features...]; a scalar if they are taken together.
Shape features_of(const char* op, const Tensor& train, bool global) {
  require_float(op, train);
  if (train.rank() == 0 || train.shape()[0] == 0)
    throw ValueError(
        fmt::format("{}: there are no samples to learn from: {}", op, to_string(train.shape())));
  return global ? Shape{} : train.shape().without(0);
}

/// f(feature, value) for each element, in order.
template <class F>
void for_each(const Tensor& x, std::size_t features, F f) {
  dispatch_float(x.dtype(), [&]<class T>(T) {
    std::size_t feature = 0;
    for (const T value : x.data<T>()) {
      f(feature, static_cast<double>(value));
      if (++feature == features) feature = 0;
    }
  });
}

struct Range {
  std::vector<double> smallest, largest;
};
/// Errors: ValueError naming what is not finite.
Range range_of(const char* op, const Tensor& train, std::size_t features) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Range range{std::vector<double>(features, infinity), std::vector<double>(features, -infinity)};
  const std::size_t width = train.size() / train.shape()[0];
  std::size_t at = 0;
  for_each(train, features, [&](std::size_t feature, double value) {
    if (!std::isfinite(value))
      throw ValueError(fmt::format("{}: values must be finite: row {}, feature {} is {}", op,
                                   at / width, at % width, value));
    range.smallest[feature] = std::min(range.smallest[feature], value);
    range.largest[feature] = std::max(range.largest[feature], value);
    ++at;
  });
  return range;
}

/// Constant features are told by their range: their deviation is seldom exactly 0.
std::vector<std::size_t> constant_features(const Range& range) {
  std::vector<std::size_t> constant;
  for (std::size_t i = 0; i < range.smallest.size(); ++i)
    if (range.smallest[i] == range.largest[i]) constant.push_back(i);
  return constant;
}

void require_finite(const char* op, std::span<const double> scale) {
  for (std::size_t i = 0; i < scale.size(); ++i)
    if (!std::isfinite(scale[i]))
      throw ValueError(
          fmt::format("{}: the values of feature {} are too far apart for a double", op, i));
}

template <class F>
Tensor each_feature(const char* op, const Tensor& x, const Shape& features, F f) {
  require_float(op, x);
  const Shape& shape = x.shape();
  if (shape.rank() < features.rank() ||
      !std::equal(features.begin(), features.end(), shape.end() - features.rank()))
    throw ShapeError(fmt::format("{}: fitted on samples of {}, which the last axes of {} are not",
                                 op, to_string(features), to_string(shape)));
  Tensor result = Tensor::empty(shape, x.dtype());
  dispatch_float(x.dtype(), [&]<class T>(T) {
    T* out = result.mutable_data<T>().data();
    for_each(x, features.size(), [&](std::size_t feature, double value) {
      *out++ = static_cast<T>(f(feature, value));
    });
  });
  return result;
}

}  // namespace

Tensor detail::FeatureMap::apply(const Tensor& x) const {
  const std::span<const double> a = shift.data<double>();
  const std::span<const double> b = scale.data<double>();
  return each_feature(op, x, shift.shape(),
                      [&](std::size_t i, double value) { return (value - a[i]) / b[i] + low; });
}

Tensor detail::FeatureMap::undo(const Tensor& y) const {
  const std::span<const double> a = shift.data<double>();
  const std::span<const double> b = scale.data<double>();
  return each_feature(op, y, shift.shape(),
                      [&](std::size_t i, double value) { return (value - low) * b[i] + a[i]; });
}

Standardizer::Standardizer(const Tensor& train, const StandardizerOptions& options) {
  const char* op = map_.op = "standardizer";
  const Shape features = features_of(op, train, options.global);
  const std::size_t n = features.size();
  const Range range = range_of(op, train, n);
  const double count =
      static_cast<double>(train.size()) / static_cast<double>(std::max<std::size_t>(n, 1));

  // Two passes, and the first about the smallest value: no digits are lost to a large mean.
  std::vector<double> mean(n, 0.0), deviation(n, 0.0);
  for_each(train, n, [&](std::size_t i, double x) { mean[i] += (x - range.smallest[i]) / count; });
  for (std::size_t i = 0; i < n; ++i) mean[i] += range.smallest[i];
  for_each(train, n, [&](std::size_t i, double x) {
    deviation[i] += (x - mean[i]) * ((x - mean[i]) / count);
  });
  for (double& value : deviation) value = std::sqrt(value);
  map_.constant = constant_features(range);
  for (const std::size_t i : map_.constant) {
    mean[i] = range.smallest[i];
    deviation[i] = 1.0;
  }
  require_finite(op, deviation);
  map_.shift = Tensor::from<double>(mean, features);
  map_.scale = Tensor::from<double>(deviation, features);
}

MinMax::MinMax(const Tensor& train, const MinMaxOptions& options) {
  const char* op = map_.op = "min_max";
  if (!std::isfinite(options.low) || !std::isfinite(options.high) || !(options.low < options.high))
    throw ValueError(fmt::format("{}: low must be below high, both finite: low {}, high {}", op,
                                 options.low, options.high));
  const Shape features = features_of(op, train, options.global);
  const Range range = range_of(op, train, features.size());
  std::vector<double> scale(features.size());
  for (std::size_t i = 0; i < scale.size(); ++i)
    scale[i] = (range.largest[i] - range.smallest[i]) / (options.high - options.low);
  map_.constant = constant_features(range);
  for (const std::size_t i : map_.constant) scale[i] = 1.0;
  require_finite(op, scale);
  map_.low = options.low;
  map_.shift = Tensor::from<double>(range.smallest, features);
  map_.scale = Tensor::from<double>(scale, features);
}

}  // namespace wengert::data
