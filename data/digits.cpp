// SPDX-License-Identifier: MIT
#include "digits.h"

#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "../graph/error.h"
#include "bundled.h"
#include "csv.h"

namespace wengert::data {
namespace {

constexpr std::size_t pixels = 64;
constexpr double darkest = 16.0;
constexpr double classes = 10.0;

/// Every row of the file is a line, because no cell of it may have several.
[[noreturn]] void fail(const std::string& path, std::size_t row, std::size_t column,
                       const std::string& why) {
  throw FileError(
      fmt::format("digits: '{}', line {}: column {}: {}", path, row + 1, column + 1, why));
}

Digits rows(const Digits& all, std::span<const std::int64_t> which) {
  Digits result{Tensor::empty({which.size(), pixels}, f32), Tensor::empty({which.size()}, i64)};
  const std::span<const float> from = all.images.data<float>();
  const std::span<const std::int64_t> labels = all.labels.data<std::int64_t>();
  auto image = result.images.mutable_data<float>().begin();
  auto label = result.labels.mutable_data<std::int64_t>().begin();
  for (const std::int64_t row : which) {
    const auto index = static_cast<std::size_t>(row);
    image = std::ranges::copy(from.subspan(index * pixels, pixels), image).out;
    *label++ = labels[index];
  }
  return result;
}

}  // namespace

Digits digits() { return digits(bundled("digits", "digits.csv.gz")); }

Digits digits(const std::string& path) {
  const Tensor values = read_csv(path, {.header = false}).values;
  const std::size_t count = values.shape()[0];
  if (values.shape()[1] != pixels + 1)
    throw FileError(fmt::format("digits: '{}' has {} columns instead of {}", path,
                                values.shape()[1], pixels + 1));
  Digits result{Tensor::empty({count, pixels}, f32), Tensor::empty({count}, i64)};
  auto image = result.images.mutable_data<float>().begin();
  auto label = result.labels.mutable_data<std::int64_t>().begin();
  auto value = values.data<double>().begin();
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t column = 0; column < pixels; ++column, ++value) {
      if (*value < 0.0 || *value > darkest)
        fail(path, row, column, fmt::format("pixel value {} is outside [0, {}]", *value, darkest));
      *image++ = static_cast<float>(*value / darkest);
    }
    if (*value < 0.0 || *value >= classes || *value != std::trunc(*value))
      fail(path, row, pixels, fmt::format("label {} is no class in [0, {})", *value, classes));
    *label++ = static_cast<std::int64_t>(*value++);
  }
  return result;
}

DigitsSplit split(const Digits& all, double test_fraction, Rng& rng) {
  if (!(test_fraction >= 0.0 && test_fraction <= 1.0))
    throw ValueError(fmt::format("split: test_fraction must be in [0, 1]: {}", test_fraction));
  const std::size_t count = all.labels.size();
  const auto tests =
      static_cast<std::size_t>(std::llround(test_fraction * static_cast<double>(count)));
  const Tensor permutation = rng.permutation(count);
  const std::span<const std::int64_t> order = permutation.data<std::int64_t>();
  return {.train = rows(all, order.subspan(tests)), .test = rows(all, order.first(tests))};
}

}  // namespace wengert::data
