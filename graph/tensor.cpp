// SPDX-License-Identifier: MIT
#include "tensor.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "cpu.h"
#include "error.h"

namespace wengert {
namespace {

// Every program holds this file, so that the check runs before any kernel.
[[maybe_unused]] const bool processor_checked = detail::require_processor();

template <class F>
Tensor generate(const Shape& shape, DType dtype, F value_at) {
  Tensor result = Tensor::empty(shape, dtype);
  dispatch(dtype, [&]<class T>(T) {
    const std::span<T> out = result.mutable_data<T>();
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(value_at(i));
  });
  return result;
}

std::string formatted(double value) {
  if (value == std::trunc(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  return fmt::format("{:.6g}", value);
}

}  // namespace

void Tensor::undefined() {
  throw ValueError("tensor: it holds nothing; was it default-constructed or moved from?");
}

void Tensor::wrong_dtype(DType asked) const {
  throw DTypeError(
      fmt::format("data: asked for {} of a tensor of {}", to_string(asked), to_string(dtype())));
}

void Tensor::copy_elements() {
  Tensor copy = empty(shape(), dtype());
  if (size() != 0) std::memcpy(copy.block_->data, block_->data, size() * size_of(dtype()));
  std::swap(block_, copy.block_);
}

template <Element T>
Tensor Tensor::from(std::span<const T> values, const Shape& shape) {
  if (values.size() != shape.size())
    throw ShapeError(fmt::format("from: {} values do not fill shape {} of {}", values.size(),
                                 to_string(shape), shape.size()));
  Tensor result = empty(shape, dtype_of<T>());
  std::copy(values.begin(), values.end(), static_cast<T*>(result.block_->data));
  return result;
}
template Tensor Tensor::from(std::span<const float>, const Shape&);
template Tensor Tensor::from(std::span<const double>, const Shape&);
template Tensor Tensor::from(std::span<const std::int64_t>, const Shape&);

double Tensor::item() const {
  if (size() != 1)
    throw ShapeError(
        fmt::format("item: needs exactly one element, got shape {}", to_string(shape())));
  return dispatch(dtype(), [&]<class T>(T) { return static_cast<double>(data<T>()[0]); });
}

double Tensor::at(std::initializer_list<Extent> index) const {
  if (index.size() != rank())
    throw ShapeError(
        fmt::format("at: {} indices for a tensor of shape {}", index.size(), to_string(shape())));
  std::size_t offset = 0;
  std::size_t axis = 0;
  for (const Extent i : index) {
    if (i.value < 0 || static_cast<std::size_t>(i.value) >= shape()[axis])
      throw ShapeError(
          fmt::format("at: index {} of axis {} is outside [0, {})", i.value, axis, shape()[axis]));
    offset = offset * shape()[axis] + static_cast<std::size_t>(i.value);
    ++axis;
  }
  return dispatch(dtype(), [&]<class T>(T) { return static_cast<double>(data<T>()[offset]); });
}

Tensor Tensor::reshape(const Shape& shape) const {
  if (shape.size() != size())
    throw ShapeError(fmt::format("reshape: {} has {} elements and {} has {}",
                                 to_string(this->shape()), size(), to_string(shape), shape.size()));
  if (shape == this->shape()) return *this;
  return Tensor(detail::allocate_view(block_, block_->data, shape));
}

Tensor Tensor::reshape(std::initializer_list<Extent> extents) const {
  std::size_t known = 1;
  std::size_t inferred = 0;
  for (const Extent extent : extents) {
    if (extent.value == -1) ++inferred;
    else known *= static_cast<std::size_t>(extent.value);
  }
  if (inferred == 0) return reshape(Shape(extents));
  if (inferred > 1 || known == 0 || size() % known != 0)
    throw ShapeError(
        fmt::format("reshape: cannot infer {} of the extents of {} elements", inferred, size()));
  Shape shape;
  for (const Extent extent : extents)
    shape.append(extent.value == -1 ? size() / known : static_cast<std::size_t>(extent.value));
  return reshape(shape);
}

Tensor Tensor::rows(std::size_t begin, std::size_t end) const {
  if (rank() == 0 || begin > end || end > shape()[0])
    throw ShapeError(fmt::format("rows: [{}, {}) is outside the leading axis of {}", begin, end,
                                 to_string(shape())));
  const std::size_t row = shape()[0] == 0 ? 0 : size() / shape()[0];
  char* start = static_cast<char*>(block_->data) + begin * row * size_of(dtype());
  return Tensor(detail::allocate_view(block_, start, shape().with(0, end - begin)));
}

Tensor Tensor::operator[](std::size_t index) const {
  if (rank() == 0 || index >= shape()[0])
    throw ShapeError(
        fmt::format("[]: index {} is outside the leading axis of {}", index, to_string(shape())));
  const std::size_t row = size() / shape()[0];
  char* start = static_cast<char*>(block_->data) + index * row * size_of(dtype());
  return Tensor(detail::allocate_view(block_, start, shape().without(0)));
}

Tensor Tensor::to(DType target) const {
  if (target == dtype()) return *this;
  Tensor result = empty(shape(), target);
  dispatch(dtype(), [&]<class From>(From) {
    dispatch(target, [&]<class To>(To) {
      const std::span<const From> in = data<From>();
      const std::span<To> out = result.mutable_data<To>();
      for (std::size_t i = 0; i < in.size(); ++i) out[i] = static_cast<To>(in[i]);
    });
  });
  return result;
}

bool Tensor::shares_memory_with(const Tensor& other) const {
  const auto root = [](const Tensor& t) { return t.block().owner ? t.block_->owner : t.block_; };
  return root(*this) == root(other);
}

std::string to_string(const Tensor& tensor) {
  if (!tensor.defined()) return "(undefined)";
  if (tensor.size() == 1) return formatted(tensor.item());
  constexpr std::size_t most = 24;
  const Tensor flat = tensor.reshape({tensor.size()});
  std::string text = "[";
  for (std::size_t i = 0; i < std::min(most, tensor.size()); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", formatted(flat.at({i})));
  return fmt::format("{}{}] of shape {} {}", text, tensor.size() > most ? ", ..." : "",
                     to_string(tensor.shape()), to_string(tensor.dtype()));
}

Tensor zeros(const Shape& shape, DType dtype) {
  Tensor result = Tensor::empty(shape, dtype);
  dispatch(dtype, [&]<class T>(T) {
    const std::span<T> out = result.mutable_data<T>();
    if (!out.empty()) std::memset(out.data(), 0, out.size_bytes());
  });
  return result;
}
Tensor ones(const Shape& shape, DType dtype) { return full(shape, 1.0, dtype); }
Tensor full(const Shape& shape, double value, DType dtype) {
  return generate(shape, dtype, [=](std::size_t) { return value; });
}
Tensor zeros_like(const Tensor& tensor) { return zeros(tensor.shape(), tensor.dtype()); }
Tensor ones_like(const Tensor& tensor) { return ones(tensor.shape(), tensor.dtype()); }
Tensor eye(std::size_t n, DType dtype) {
  return generate({n, n}, dtype, [=](std::size_t i) { return i / n == i % n ? 1.0 : 0.0; });
}
Tensor arange(std::size_t n, DType dtype) {
  return generate({n}, dtype, [](std::size_t i) { return i; });
}
Tensor linspace(double first, double last, std::size_t count, DType dtype) {
  const double step = count > 1 ? (last - first) / static_cast<double>(count - 1) : 0.0;
  return generate({count}, dtype, [=](std::size_t i) {
    return i + 1 == count && count > 1 ? last : first + step * static_cast<double>(i);
  });
}
Tensor tensor(std::initializer_list<double> values, DType dtype) {
  return generate({values.size()}, dtype, [&](std::size_t i) { return values.begin()[i]; });
}
Tensor matrix(std::initializer_list<std::initializer_list<double>> rows, DType dtype) {
  const std::size_t width = rows.size() == 0 ? 0 : rows.begin()->size();
  for (const auto& row : rows)
    if (row.size() != width)
      throw ShapeError(fmt::format("matrix: rows of {} and {} values", width, row.size()));
  return generate({rows.size(), width}, dtype,
                  [&](std::size_t i) { return rows.begin()[i / width].begin()[i % width]; });
}
Tensor scalar(double value, DType dtype) { return full({}, value, dtype); }
Tensor labels(const std::vector<std::int64_t>& values) {
  return Tensor::from<std::int64_t>(values, {values.size()});
}

Tensor stack_rows(std::span<const Tensor> tensors) {
  if (tensors.empty()) throw ValueError("stack_rows: there is nothing to stack");
  const Shape& inner = tensors.front().shape();
  Shape shape{tensors.size()};
  for (const std::size_t extent : inner) shape.append(extent);
  Tensor result = Tensor::empty(shape, tensors.front().dtype());
  dispatch(result.dtype(), [&]<class T>(T) {
    T* out = result.mutable_data<T>().data();
    for (const Tensor& row : tensors) {
      if (row.shape() != inner)
        throw ShapeError(fmt::format("stack_rows: shapes {} and {} differ", to_string(inner),
                                     to_string(row.shape())));
      const std::span<const T> in = row.data<T>();
      out = std::copy(in.begin(), in.end(), out);
    }
  });
  return result;
}

}  // namespace wengert
