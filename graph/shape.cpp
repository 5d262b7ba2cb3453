// SPDX-License-Identifier: MIT
#include "shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dtype.h"
#include "error.h"

namespace wengert {

Shape::Shape(std::initializer_list<Extent> extents) {
  for (const Extent extent : extents) {
    if (extent.value < 0) throw ShapeError(fmt::format("shape: negative extent: {}", extent.value));
    append(static_cast<std::size_t>(extent.value));
  }
}

Shape::Shape(std::span<const std::size_t> extents) {
  for (const std::size_t extent : extents) append(extent);
}

void Shape::append(std::size_t extent) {
  if (rank_ == max_rank)
    throw ShapeError(fmt::format("shape: more than {} axes after {}", max_rank, to_string(*this)));
  extents_[rank_++] = extent;
}

Shape Shape::without(std::size_t axis) const {
  Shape result;
  for (std::size_t i = 0; i < rank_; ++i)
    if (i != axis) result.append(extents_[i]);
  return result;
}

Shape Shape::with(std::size_t axis, std::size_t extent) const {
  Shape result = *this;
  result[axis] = extent;
  return result;
}

std::string to_string(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", "));
}

std::string_view to_string(DType dtype) {
  constexpr std::string_view names[] = {"f32", "f64", "i64"};
  return names[static_cast<std::size_t>(dtype)];
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.rank() > to.rank()) return false;
  const std::size_t lead = to.rank() - from.rank();
  for (std::size_t axis = 0; axis < from.rank(); ++axis)
    if (from[axis] != 1 && from[axis] != to[lead + axis]) return false;
  return true;
}

std::size_t normalized_axis(const char* op, std::int64_t axis, std::size_t rank) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank)
    throw ShapeError(fmt::format("{}: axis {} is outside [{}, {}) of a value of rank {}", op, axis,
                                 -signed_rank, signed_rank, rank));
  return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

}  // namespace wengert
