// SPDX-License-Identifier: MIT
#include "loss_parts.h"

#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "../graph/error.h"
#include "../ops/arithmetic.h"
#include "../ops/reduce.h"

namespace wengert::detail {
namespace {

template <class T, class Bad>
void require_none(std::span<const T> values, Bad bad, auto&& complain) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (bad(values[i])) complain(i, values[i]);
}

/// `x`, which has the leading axes of `shape`, with extents of 1 for the others.
Var aligned(const char* loss, const char* what, const Var& x, const Shape& shape) {
  Shape stretched = x.shape();
  bool leading = stretched.rank() <= shape.rank();
  for (std::size_t axis = 0; leading && axis < stretched.rank(); ++axis)
    leading = stretched[axis] == shape[axis];
  if (!leading)
    throw ShapeError(
        fmt::format("{}: {} have the leading axes of the losses: {} for losses {}; one a "
                    "sample is [n]",
                    loss, what, to_string(x.shape()), to_string(shape)));
  if (stretched.rank() == shape.rank()) return x;
  while (stretched.rank() < shape.rank()) stretched.append(1);
  return reshape(x, stretched);
}

void require_zeros_and_ones(const char* loss, const Tensor& mask) {
  dispatch(mask.dtype(), [&]<class T>(T) {
    require_none(
        mask.data<T>(), [](T v) { return !(v == T{0} || v == T{1}); },
        [&](std::size_t i, T v) {
          throw ValueError(
              fmt::format("{}: a mask holds 0 and 1: {} at {}; numbers between go "
                          "into .weights",
                          loss, v, place(mask.shape(), i)));
        });
  });
}

void require_finite_weights(const char* loss, const Tensor& weights) {
  if (!is_float(weights.dtype())) return;
  dispatch_float(weights.dtype(), [&]<class T>(T) {
    require_none(
        weights.data<T>(), [](T v) { return !(v - v == T{0}); },
        [&](std::size_t i, T v) {
          throw ValueError(
              fmt::format("{}: weights are finite: {} at {}", loss, v, place(weights.shape(), i)));
        });
  });
}

bool given(const Var& x) { return x.value().defined(); }

/// Mask times weights, stretchable to `shape`; not defined if there are neither.
Var counts(const char* loss, const Shape& shape, DType dtype, const Weighting& weighting) {
  Var result;
  if (given(weighting.mask)) {
    require_zeros_and_ones(loss, weighting.mask.value());
    result = cast(aligned(loss, "masks", weighting.mask, shape), dtype);
  }
  if (given(weighting.weights)) {
    require_finite_weights(loss, weighting.weights.value());
    const Var weights = cast(aligned(loss, "weights", weighting.weights, shape), dtype);
    result = given(result) ? result * weights : weights;
  }
  return result;
}

}  // namespace

std::string place(const Shape& shape, std::size_t element) {
  std::vector<std::size_t> index(shape.rank());
  for (std::size_t axis = shape.rank(); axis-- > 0; element /= shape[axis])
    index[axis] = element % shape[axis];
  return fmt::format("[{}]", fmt::join(index, ", "));
}

void require_range(const char* loss, const char* what, const Tensor& x, Range range,
                   const char* cure) {
  if (!is_float(x.dtype())) return;  // the op that meets it names the dtype
  // Every step pays for this: two reductions in lanes are a tenth of the loss, a plain loop all of
  // it.
  if (x.size() == 0) return;
  const double least = min(Var(x)).item();
  if ((range.open ? least > range.low : least >= range.low) && max(Var(x)).item() <= range.high)
    return;
  dispatch_float(x.dtype(), [&]<class T>(T) {
    const T high = static_cast<T>(range.high);
    const T low =
        range.open ? std::nextafter(static_cast<T>(range.low), high) : static_cast<T>(range.low);
    require_none(
        x.data<T>(), [=](T v) { return (v < low) | (v > high); },
        [&](std::size_t i, T v) {
          const std::string bounds =
              std::isinf(range.high)
                  ? fmt::format("are {} {}", range.open ? "above" : "at least", range.low)
                  : fmt::format("lie in [{}, {}]", range.low, range.high);
          throw ValueError(fmt::format("{}: {} {}: {} at {}; {}", loss, what, bounds, v,
                                       place(x.shape(), i), cure));
        });
  });
}

void require_signs(const char* loss, const Tensor& target) {
  if (!is_float(target.dtype())) return;
  dispatch_float(target.dtype(), [&]<class T>(T) {
    require_none(
        target.data<T>(), [](T v) { return (v * v < T{1}) | (v * v > T{1}); },
        [&](std::size_t i, T v) {
          throw ValueError(
              fmt::format("{}: targets are -1 and 1: {} at {}; for 0 and 1 take "
                          "2 t - 1, or bce_from_logits",
                          loss, v, place(target.shape(), i)));
        });
  });
}

void require_equal_shapes(const char* loss, const Var& prediction, const Var& target) {
  if (prediction.shape() == target.shape()) return;
  throw ShapeError(
      fmt::format("{}: prediction {} and target {} differ; reshape one of them, "
                  "broadcasting would pair every row with every other",
                  loss, to_string(prediction.shape()), to_string(target.shape())));
}

Var without_masked(const char* loss, const Var& x, const Weighting& weighting, double value) {
  if (!given(weighting.mask)) return x;
  return where(aligned(loss, "masks", weighting.mask, x.shape()), x, value);
}

Var labels_without_masked(const char* loss, const Var& labels, const Weighting& weighting) {
  if (!given(weighting.mask)) return labels;
  const Tensor mask = cast(aligned(loss, "masks", weighting.mask, labels.shape()), i64).value();
  Tensor result = labels.value();
  const std::size_t stride = mask.size() == 0 ? 1 : result.size() / mask.size();
  const std::span<std::int64_t> to = result.mutable_data<std::int64_t>();
  for (std::size_t i = 0; i < to.size(); ++i)
    if (mask.data<std::int64_t>()[i / stride] == 0) to[i] = 0;
  return Var(std::move(result));
}

Var reduced(const char* loss, const Var& losses, const Weighting& weighting) {
  const bool counted = given(weighting.weights) || given(weighting.mask);
  if (!counted) {
    if (weighting.reduction == Reduction::mean) return mean(losses);
    return weighting.reduction == Reduction::sum ? sum(losses) : losses;
  }
  const Var count = counts(loss, losses.shape(), losses.dtype(), weighting);
  const Var weighted = losses * count;
  if (weighting.reduction == Reduction::none) return weighted;
  if (weighting.reduction == Reduction::sum) return sum(weighted);
  const Var total = sum(count);
  if (!(total.item() > 0))
    throw ValueError(
        fmt::format("{}: the weights of what is counted add up to {}, and the mean "
                    "divides by them; a batch that is masked out altogether?",
                    loss, total.item()));
  const double stretch = static_cast<double>(losses.size()) / static_cast<double>(count.size());
  return sum(weighted) / (total * stretch);
}

}  // namespace wengert::detail
