// SPDX-License-Identifier: MIT
#include "dataset.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::data {
namespace {

void require_weights(const Tensor& weights, std::size_t samples) {
  if (!is_float(weights.dtype()))
    throw DTypeError("dataset: weights are f32 or f64, got i64; were labels passed as weights?");
  if (weights.shape() != Shape{samples})
    throw ShapeError(
        fmt::format("dataset: weights must be one number a sample: inputs have {} "
                    "samples, weights are {}",
                    samples, to_string(weights.shape())));
  dispatch_float(weights.dtype(), [&]<class T>(T) {
    const std::span<const T> values = weights.data<T>();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!std::isfinite(values[i]))
        throw ValueError(
            fmt::format("dataset: weights must be finite: weight {} is {}", i, values[i]));
  });
}

void require_lengths(const Dataset& dataset) {
  const Shape& inputs = dataset.inputs.shape();
  const Shape& targets = dataset.targets.shape();
  if (inputs.rank() < 2 || dataset.lengths.shape() != Shape{inputs[0]})
    throw ShapeError(
        fmt::format("dataset: lengths are [n] of sequences [n, steps, ...], got {} "
                    "of {}",
                    to_string(dataset.lengths.shape()), to_string(inputs)));
  if (dataset.target_each_step && (targets.rank() < 2 || targets[1] != inputs[1]))
    throw ShapeError(
        fmt::format("dataset: inputs have a target each step, but inputs are {} and "
                    "targets {}",
                    to_string(inputs), to_string(targets)));
  const std::span<const std::int64_t> lengths = dataset.lengths.data<std::int64_t>();
  for (std::size_t i = 0; i < lengths.size(); ++i)
    if (lengths[i] < 1 || static_cast<std::size_t>(lengths[i]) > inputs[1])
      throw ValueError(fmt::format("dataset: length {} of sequence {} is outside [1, {}]",
                                   lengths[i], i, inputs[1]));
}

template <class F>
Dataset each_tensor(const Dataset& from, F f) {
  Dataset result = from;
  result.inputs = f(from.inputs);
  result.targets = from.targets_are_inputs() ? result.inputs : f(from.targets);
  if (from.weights.defined()) result.weights = f(from.weights);
  if (from.lengths.defined()) result.lengths = f(from.lengths);
  return result;
}

}  // namespace

Dataset::Dataset(const Tensor& x) : Dataset(x, x) {}

Dataset::Dataset(Tensor x, Tensor y, Tensor sample_weights)
    : inputs(std::move(x)), targets(std::move(y)), weights(std::move(sample_weights)) {
  check();
}

void Dataset::check() const {
  if (inputs.rank() == 0 || targets.rank() == 0)
    throw ShapeError(
        fmt::format("dataset: inputs and targets need a leading axis of samples: "
                    "inputs {}, targets {}",
                    to_string(inputs.shape()), to_string(targets.shape())));
  if (inputs.shape()[0] != targets.shape()[0])
    throw ShapeError(fmt::format(
        "dataset: inputs and targets must have the same number of samples, their leading extent: "
        "inputs {} have {}, targets {} have {}",
        to_string(inputs.shape()), inputs.shape()[0], to_string(targets.shape()),
        targets.shape()[0]));
  if (weights.defined()) require_weights(weights, size());
  if (lengths.defined()) require_lengths(*this);
}

bool Dataset::targets_are_inputs() const {
  return inputs.defined() && targets.defined() && inputs.address() == targets.address() &&
         inputs.shares_memory_with(targets) && inputs.shape() == targets.shape() &&
         inputs.dtype() == targets.dtype();
}

Dataset Dataset::rows(std::size_t begin, std::size_t end) const {
  return each_tensor(*this, [=](const Tensor& tensor) { return tensor.rows(begin, end); });
}

Dataset Dataset::take(const Tensor& indices) const {
  return each_tensor(*this, [&](const Tensor& tensor) { return take_rows(tensor, indices); });
}

Tensor take_rows(const Tensor& rows, const Tensor& indices) {
  if (indices.dtype() != i64)
    throw DTypeError(fmt::format("take: indices are i64, got {}", to_string(indices.dtype())));
  if (indices.rank() != 1 || rows.rank() == 0)
    throw ShapeError(fmt::format("take: takes indices [m] of rows [n, ...], got {} of {}",
                                 to_string(indices.shape()), to_string(rows.shape())));
  const std::size_t n = rows.shape()[0];
  const std::span<const std::int64_t> which = indices.data<std::int64_t>();
  for (std::size_t i = 0; i < which.size(); ++i)
    if (which[i] < 0 || static_cast<std::size_t>(which[i]) >= n)
      throw ValueError(
          fmt::format("take: index {} at {} is outside [0, {}), the samples", which[i], i, n));
  Tensor result = Tensor::empty(rows.shape().with(0, which.size()), rows.dtype());
  dispatch(rows.dtype(), [&]<class T>(T) {
    const std::size_t width = n == 0 ? 0 : rows.size() / n;
    if (width == 0) return;
    const T* from = rows.data<T>().data();
    T* to = result.mutable_data<T>().data();
    for (const std::int64_t index : which) {
      std::memcpy(to, from + static_cast<std::size_t>(index) * width, width * sizeof(T));
      to += width;
    }
  });
  return result;
}

}  // namespace wengert::data
