// SPDX-License-Identifier: MIT
#include "kernels_strided.h"

namespace wengert::detail {

Strides dense_strides(const Shape& shape) {
  Strides strides{};
  std::ptrdiff_t walked = 1;
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    strides[axis] = walked;
    walked *= static_cast<std::ptrdiff_t>(shape[axis]);
  }
  return strides;
}

StridedWalk::StridedWalk(const Shape& shape, const Strides& strides, std::ptrdiff_t offset)
    : offset_(offset) {
  std::size_t rank = 0;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    const std::size_t extent = shape[axis];
    if (extent == 0) {
      run_.extent = 0;
      return;
    }
    if (extent == 1) continue;
    const std::ptrdiff_t across = strides[axis] * static_cast<std::ptrdiff_t>(extent);
    if (rank > 0 && outer_.axes[rank - 1].strided == across) {
      outer_.axes[rank - 1].extent *= extent;
      outer_.axes[rank - 1].strided = strides[axis];
    } else {
      outer_.axes[rank++] = {extent, 0, strides[axis]};
    }
  }
  std::ptrdiff_t walked = 1;
  for (std::size_t axis = rank; axis-- > 0;) {
    outer_.axes[axis].dense = walked;
    walked *= static_cast<std::ptrdiff_t>(outer_.axes[axis].extent);
  }
  if (rank == 0) return;
  run_ = outer_.axes[rank - 1];
  outer_.rank = rank - 1;
}

}  // namespace wengert::detail
