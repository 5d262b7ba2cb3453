// SPDX-License-Identifier: MIT
#include "sequences.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::data {
namespace {

Tensor mask_of(const Tensor& lengths, std::size_t steps, DType dtype) {
  Tensor result = zeros({lengths.size(), steps}, is_float(dtype) ? dtype : f32);
  const std::span<const std::int64_t> real = lengths.data<std::int64_t>();
  dispatch_float(result.dtype(), [&]<class T>(T) {
    T* row = result.mutable_data<T>().data();
    for (const std::int64_t length : real) {
      std::fill_n(row, length, T{1});
      row += steps;
    }
  });
  return result;
}

/// The first `steps` of [n, all steps, ...].
Tensor leading_steps(const Tensor& padded, std::size_t steps) {
  const std::size_t n = padded.shape()[0];
  const std::size_t all = padded.shape()[1];
  Tensor result = Tensor::empty(padded.shape().with(1, steps), padded.dtype());
  dispatch(padded.dtype(), [&]<class T>(T) {
    const std::size_t width = padded.size() / (n * all);
    const T* from = padded.data<T>().data();
    T* to = result.mutable_data<T>().data();
    for (std::size_t i = 0; i < n && width != 0; ++i)
      std::memcpy(to + i * steps * width, from + i * all * width, steps * width * sizeof(T));
  });
  return result;
}

void require_like_first(const std::vector<Tensor>& sequences, std::size_t i) {
  const Tensor& first = sequences.front();
  const Tensor& one = sequences[i];
  if (one.rank() == 0)
    throw ShapeError(fmt::format("pad: sequence {} has no axis of steps, it is a scalar", i));
  if (one.shape()[0] == 0)
    throw ValueError(
        fmt::format("pad: sequence {} has no steps: its shape is {}", i, to_string(one.shape())));
  if (one.shape().without(0) != first.shape().without(0))
    throw ShapeError(
        fmt::format("pad: sequences may differ in their length alone: sequence 0 is "
                    "{}, sequence {} is {}",
                    to_string(first.shape()), i, to_string(one.shape())));
  if (one.dtype() != first.dtype())
    throw DTypeError(fmt::format("pad: sequence 0 is {}, sequence {} is {}",
                                 to_string(first.dtype()), i, to_string(one.dtype())));
}

}  // namespace

Padded pad(const std::vector<Tensor>& sequences, double value) {
  if (sequences.empty()) throw ValueError("pad: there are no sequences");
  std::vector<std::int64_t> lengths;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    require_like_first(sequences, i);
    lengths.push_back(static_cast<std::int64_t>(sequences[i].shape()[0]));
  }
  const auto steps = static_cast<std::size_t>(*std::ranges::max_element(lengths));
  Shape shape{sequences.size(), steps};
  for (const std::size_t extent : sequences.front().shape().without(0)) shape.append(extent);

  Padded result{.values = full(shape, value, sequences.front().dtype()),
                .mask = {},
                .lengths = labels(lengths)};
  dispatch(result.values.dtype(), [&]<class T>(T) {
    T* row = result.values.mutable_data<T>().data();
    const std::size_t stride = result.values.size() / sequences.size();
    for (const Tensor& sequence : sequences) {
      std::ranges::copy(sequence.data<T>(), row);
      row += stride;
    }
  });
  result.mask = mask_of(result.lengths, steps, result.values.dtype());
  return result;
}

Dataset sequences(const std::vector<Tensor>& inputs) {
  const Padded padded = pad(inputs);
  Dataset result(padded.values);
  result.lengths = padded.lengths;
  result.target_each_step = true;
  return result;
}

Dataset sequences(const std::vector<Tensor>& inputs, Tensor targets, Tensor weights) {
  const Padded padded = pad(inputs);
  Dataset result(padded.values, std::move(targets), std::move(weights));
  result.lengths = padded.lengths;
  return result;
}

Dataset sequences(const std::vector<Tensor>& inputs, const std::vector<Tensor>& targets,
                  Tensor weights) {
  const Padded padded = pad(inputs);
  const Padded padded_targets = pad(targets);
  for (std::size_t i = 0; i < std::min(inputs.size(), targets.size()); ++i)
    if (inputs[i].shape()[0] != targets[i].shape()[0])
      throw ShapeError(fmt::format("sequences: sequence {} has {} steps and {} targets", i,
                                   inputs[i].shape()[0], targets[i].shape()[0]));
  Dataset result(padded.values, padded_targets.values, std::move(weights));
  result.lengths = padded.lengths;
  result.target_each_step = true;
  return result;
}

Dataset shortened(const Dataset& dataset) {
  if (!dataset.lengths.defined() || dataset.empty()) return dataset;
  dataset.check();
  const std::span<const std::int64_t> lengths = dataset.lengths.data<std::int64_t>();
  const auto steps = static_cast<std::size_t>(*std::ranges::max_element(lengths));
  if (steps == dataset.inputs.shape()[1]) return dataset;
  Dataset result = dataset;
  result.inputs = leading_steps(dataset.inputs, steps);
  if (dataset.targets_are_inputs()) result.targets = result.inputs;
  else if (dataset.target_each_step) result.targets = leading_steps(dataset.targets, steps);
  return result;
}

Tensor mask(const Dataset& dataset) {
  if (!dataset.lengths.defined())
    throw ValueError("mask: the data set holds no sequences: it has no lengths");
  dataset.check();
  return mask_of(dataset.lengths, dataset.inputs.shape()[1], dataset.inputs.dtype());
}

}  // namespace wengert::data
