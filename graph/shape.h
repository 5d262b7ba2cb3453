// SPDX-License-Identifier: MIT
// The extents of a Tensor: a regular value that compares and prints itself.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace wengert {

/// One number in a list of extents; takes any integer so that `{batch, 64}` needs no cast.
struct Extent {
  std::int64_t value;
  template <std::integral T>
  Extent(T extent) : value(static_cast<std::int64_t>(extent)) {}
};

class Shape {
 public:
  static constexpr std::size_t max_rank = 8;

  /// The shape of a scalar: rank 0, one element.
  Shape() = default;
  /// Errors: ShapeError if an extent is negative or there are more than `max_rank`.
  Shape(std::initializer_list<Extent> extents);
  explicit Shape(std::span<const std::size_t> extents);

  std::size_t rank() const { return rank_; }
  /// Number of elements: the product of the extents.
  std::size_t size() const {
    std::size_t product = 1;
    for (const std::size_t extent : *this) product *= extent;
    return product;
  }
  std::size_t operator[](std::size_t axis) const { return extents_[axis]; }
  std::size_t& operator[](std::size_t axis) { return extents_[axis]; }
  std::size_t back() const { return extents_[rank_ - 1]; }

  const std::size_t* begin() const { return extents_.data(); }
  const std::size_t* end() const { return extents_.data() + rank_; }

  void append(std::size_t extent);
  Shape without(std::size_t axis) const;
  Shape with(std::size_t axis, std::size_t extent) const;

  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (std::size_t axis = 0; axis < a.rank_; ++axis)
      if (a.extents_[axis] != b.extents_[axis]) return false;
    return true;
  }

 private:
  std::array<std::size_t, max_rank> extents_{};
  std::size_t rank_ = 0;
};

/// "[100, 64]"; a scalar is "[]".
std::string to_string(const Shape& shape);

/// True if numpy's rules stretch `from` to `to`.
bool broadcasts_to(const Shape& from, const Shape& to);

/// The axis counted from the front, for -rank <= axis < rank.
/// Errors: ShapeError naming `op` if the axis is outside.
std::size_t normalized_axis(const char* op, std::int64_t axis, std::size_t rank);

}  // namespace wengert
