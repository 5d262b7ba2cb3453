// SPDX-License-Identifier: MIT
#include "contract_values.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <fmt/format.h>

namespace wengert::detail::contract {

namespace {

std::string place_of(std::size_t element, const Shape& shape) {
  std::string text;
  for (std::size_t axis = shape.rank(); axis-- > 0; element /= shape[axis])
    text = fmt::format("{}{}{}", element % shape[axis], text.empty() ? "" : ", ", text);
  return "[" + text + "]";
}

void overwrite(const Tensor& tensor, int byte) {
  if (tensor.size() > 0)
    std::memset(const_cast<void*>(tensor.address()), byte, tensor.size() * size_of(tensor.dtype()));
}

}  // namespace

Tensor deep_copy(const Tensor& tensor) {
  Tensor copy = Tensor::empty(tensor.shape(), tensor.dtype());
  dispatch(tensor.dtype(), [&]<class T>(T) {
    const std::span<const T> from = tensor.data<T>();
    std::copy(from.begin(), from.end(), copy.mutable_data<T>().begin());
  });
  return copy;
}
std::vector<Tensor> deep_copy(std::span<const Tensor> tensors) {
  std::vector<Tensor> copies;
  for (const Tensor& tensor : tensors) copies.push_back(deep_copy(tensor));
  return copies;
}

std::vector<Tensor> in(DType dtype, std::span<const Tensor> tensors) {
  std::vector<Tensor> result = deep_copy(tensors);
  for (Tensor& tensor : result)
    if (is_float(tensor.dtype())) tensor = tensor.to(dtype);
  return result;
}

std::string difference(const Tensor& now, const Tensor& before) {
  if (now.dtype() != before.dtype() || now.shape() != before.shape())
    return fmt::format("is {} {} instead of {} {}", to_string(now.dtype()), to_string(now.shape()),
                       to_string(before.dtype()), to_string(before.shape()));
  return dispatch(now.dtype(), [&]<class T>(T) -> std::string {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    const std::span<const T> a = now.data<T>();
    const std::span<const T> b = before.data<T>();
    std::size_t different = 0;
    std::string first;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (std::bit_cast<Bits>(a[i]) == std::bit_cast<Bits>(b[i])) continue;
      if (different++ == 0)
        first = fmt::format("element {} is {} instead of {}", place_of(i, now.shape()), a[i], b[i]);
    }
    return different > 1 ? fmt::format("{}, {} elements in all", first, different) : first;
  });
}

void fill_free_memory(std::span<const Tensor> like, int byte) {
  constexpr int blocks_each = 16;
  std::vector<Tensor> held;
  for (const Tensor& tensor : like)
    for (int i = 0; i < blocks_each; ++i) {
      held.push_back(Tensor::empty(tensor.shape(), tensor.dtype()));
      overwrite(held.back(), byte);
    }
}

}  // namespace wengert::detail::contract
