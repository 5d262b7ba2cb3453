// SPDX-License-Identifier: MIT
// A dense, row-major array of one dtype that behaves as a value: copying is O(1), and no copy sees
// another's change (copy on write). Arithmetic lives in ops/.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dtype.h"
#include "pool.h"
#include "shape.h"

namespace wengert {

class Tensor {
 public:
  /// Holds nothing; `defined()` is false and every other question is an error.
  Tensor() = default;
  Tensor(const Tensor& other) noexcept : block_(other.block_) {
    if (block_) detail::retain(block_);
  }
  Tensor(Tensor&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Tensor& operator=(Tensor other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Tensor() {
    if (block_) detail::drop(block_);
  }

  /// Elements are not initialised. Errors: std::bad_alloc.
  static Tensor empty(const Shape& shape, DType dtype) {
    return Tensor(detail::allocate(shape, dtype));
  }
  /// A copy of `values` laid out as `shape`. Errors: ShapeError if the counts differ.
  template <Element T>
  static Tensor from(std::span<const T> values, const Shape& shape);

  bool defined() const { return block_ != nullptr; }
  const Shape& shape() const { return block().shape; }
  DType dtype() const { return block().dtype; }
  std::size_t rank() const { return shape().rank(); }
  std::size_t size() const { return block().size; }

  /// Errors: DTypeError if T is not the element type.
  template <Element T>
  std::span<const T> data() const& {
    require(dtype_of<T>());
    return {static_cast<const T*>(block_->data), block_->size};
  }
  template <Element T>
  std::span<const T> data() && = delete;  // the elements would be gone with the temporary
  /// Elements to write to; if any other tensor shares them, they are copied first.
  template <Element T>
  std::span<T> mutable_data() {
    require(dtype_of<T>());
    make_unique();
    return {static_cast<T*>(block_->data), block_->size};
  }

  /// The only element. Errors: ShapeError if there is not exactly one.
  double item() const;
  /// One element, whatever the dtype. Errors: ShapeError if an index is outside.
  double at(std::initializer_list<Extent> index) const;

  /// The same elements in another shape; shares memory. One extent may be -1 (inferred).
  /// Errors: ShapeError if the number of elements differs.
  Tensor reshape(std::initializer_list<Extent> extents) const;
  Tensor reshape(const Shape& shape) const;
  /// Rows [begin, end) of the leading axis; shares memory. Errors: ShapeError if outside.
  Tensor rows(std::size_t begin, std::size_t end) const;
  /// Entry `index` of the leading axis, without that axis; shares memory.
  Tensor operator[](std::size_t index) const;
  /// A copy in another dtype (the same tensor if it has it already).
  Tensor to(DType target) const;

  /// True if no other tensor shares these elements, so that writing needs no copy.
  bool unique() const {
    return block_ && block_->count.load(std::memory_order_acquire) == 1 &&
           (!block_->owner || block_->owner->count.load(std::memory_order_acquire) == 1);
  }
  /// True if both show the very same elements in memory.
  bool shares_memory_with(const Tensor& other) const;
  const void* address() const { return block().data; }

 private:
  explicit Tensor(detail::Block* block) : block_(block) {}
  const detail::Block& block() const {
    if (!block_) undefined();
    return *block_;
  }
  [[noreturn]] static void undefined();
  void require(DType dtype) const {
    if (block().dtype != dtype) wrong_dtype(dtype);
  }
  [[noreturn]] void wrong_dtype(DType asked) const;
  void make_unique() {
    if (!unique()) copy_elements();
  }
  void copy_elements();

  detail::Block* block_ = nullptr;
};

/// Values and, for several, their shape in brackets; at most a few dozen elements are shown.
std::string to_string(const Tensor& tensor);

Tensor zeros(const Shape& shape, DType dtype = f32);
Tensor ones(const Shape& shape, DType dtype = f32);
Tensor full(const Shape& shape, double value, DType dtype = f32);
Tensor zeros_like(const Tensor& tensor);
Tensor ones_like(const Tensor& tensor);
/// The identity matrix [n, n].
Tensor eye(std::size_t n, DType dtype = f32);
/// 0, 1, ..., n - 1 as [n].
Tensor arange(std::size_t n, DType dtype = f32);
/// `count` values from `first` to `last`, both included, as [count].
Tensor linspace(double first, double last, std::size_t count, DType dtype = f32);
/// The values as [n].
Tensor tensor(std::initializer_list<double> values, DType dtype = f32);
/// Rows of equal length as [rows, columns]. Errors: ShapeError if their lengths differ.
Tensor matrix(std::initializer_list<std::initializer_list<double>> rows, DType dtype = f32);
Tensor scalar(double value, DType dtype = f32);
/// Integer labels or indices, [n].
Tensor labels(const std::vector<std::int64_t>& values);

/// Tensors of equal shape and dtype side by side along a new leading axis.
/// Errors: ValueError if there are none, ShapeError or DTypeError if they differ.
Tensor stack_rows(std::span<const Tensor> tensors);

}  // namespace wengert
