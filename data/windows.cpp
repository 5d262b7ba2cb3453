// SPDX-License-Identifier: MIT
#include "windows.h"

#include <cstring>

#include <fmt/format.h>

#include "../graph/error.h"
#include "split_sizes.h"

namespace wengert::data {
namespace {

void require_options(const WindowOptions& options) {
  if (options.length == 0 || options.horizon == 0 || options.stride == 0)
    throw ValueError(
        fmt::format("windows: length, horizon and stride must be at least 1: {}, {} "
                    "and {}",
                    options.length, options.horizon, options.stride));
}

void require_series(const char* op, const Tensor& series) {
  if (series.rank() == 0)
    throw ShapeError(fmt::format("{}: a series needs a leading axis of time, got a scalar", op));
}

Dataset windows_of(const char* what, const Tensor& series, const WindowOptions& options) {
  const std::size_t steps = series.shape()[0];
  // Not their sum: it may overflow.
  if (options.length > steps || options.horizon > steps - options.length)
    throw ValueError(
        fmt::format("windows: {} of {} steps is too short for one window: length {} "
                    "and horizon {}",
                    what, steps, options.length, options.horizon));
  const std::size_t count = (steps - options.length - options.horizon) / options.stride + 1;

  const auto strips = [&](std::size_t begin, std::size_t length) {
    Shape shape{count, length};
    for (const std::size_t extent : series.shape().without(0)) shape.append(extent);
    Tensor result = Tensor::empty(shape, series.dtype());
    const std::size_t step = series.size() / steps;
    dispatch(series.dtype(), [&]<class T>(T) {
      const T* from = series.data<T>().data() + begin * step;
      T* to = result.mutable_data<T>().data();
      for (std::size_t i = 0; i < count && step != 0; ++i)
        std::memcpy(to + i * length * step, from + i * options.stride * step,
                    length * step * sizeof(T));
    });
    return result;
  };
  return {strips(0, options.length), strips(options.length, options.horizon)};
}

}  // namespace

Dataset windows(const Tensor& series, const WindowOptions& options) {
  require_options(options);
  require_series("windows", series);
  return windows_of("a series", series, options);
}

SeriesSplit split_in_time(const Tensor& series, const SplitOptions& options) {
  require_series("split_in_time", series);
  const std::size_t steps = series.shape()[0];
  const detail::PartSizes sizes = detail::part_sizes("split_in_time", steps, options);
  const std::size_t validation = sizes.train + sizes.validation;
  return {.train = series.rows(0, sizes.train),
          .validation = series.rows(sizes.train, validation),
          .test = series.rows(validation, steps)};
}

Split split_in_time(const Tensor& series, const SplitOptions& options,
                    const WindowOptions& windows) {
  require_options(windows);
  const auto [train, validation, test] = split_in_time(series, options);
  const auto part = [&](const char* name, const Tensor& steps) {
    return steps.shape()[0] == 0 ? Dataset{} : windows_of(name, steps, windows);
  };
  return {.train = part("the training part", train),
          .validation = part("the validation part", validation),
          .test = part("the test part", test)};
}

}  // namespace wengert::data
