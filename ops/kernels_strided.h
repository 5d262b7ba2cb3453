// SPDX-License-Identifier: MIT
// Copies between a dense buffer and elements that lie at any stride in another: slices, flips,
// paddings and permutations are all this. Internal: included by the sources of ops/ only.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "../graph/shape.h"
#include "lanes.h"

namespace wengert::detail {

using Strides = std::array<std::ptrdiff_t, Shape::max_rank>;

/// Strides, in elements, of a dense row-major array.
Strides dense_strides(const Shape& shape);

/// Pairs every element of a dense array of `shape` with one of another buffer, which starts at
/// `offset` and moves by `strides`. Axes of extent 1 are dropped and neighbours merged.
class StridedWalk {
 public:
  struct Axis {
    std::size_t extent;
    std::ptrdiff_t dense;
    std::ptrdiff_t strided;
  };

  StridedWalk(const Shape& shape, const Strides& strides, std::ptrdiff_t offset = 0);

  /// True if the other buffer's elements lie as the dense ones do.
  bool contiguous() const { return outer_.rank == 0 && run_.strided == 1; }
  /// The innermost axis; of extent 1 for a single element, 0 if there is nothing.
  const Axis& run() const { return run_; }
  /// Calls f(dense offset, strided offset) once a run.
  template <class F>
  void for_each_run(F f) const {
    if (run_.extent != 0) outer_.for_each(offset_, f);
  }
  /// Calls f(dense offset, strided offset, the axis along which the other buffer is contiguous)
  /// once for every plane of that axis and the run. Returns false if there is no such axis.
  template <class F>
  bool for_each_plane(F f) const;

 private:
  struct Outer {
    std::array<Axis, Shape::max_rank> axes;
    std::size_t rank = 0;
    template <class F>
    void for_each(std::ptrdiff_t strided, F f) const;
  };

  Outer outer_;  ///< outermost axis first
  Axis run_{1, 1, 1};
  std::ptrdiff_t offset_;
};

template <class F>
void StridedWalk::Outer::for_each(std::ptrdiff_t strided, F f) const {
  std::size_t count = 1;
  for (std::size_t axis = 0; axis < rank; ++axis) count *= axes[axis].extent;
  std::array<std::size_t, Shape::max_rank> index{};
  std::ptrdiff_t dense = 0;
  for (std::size_t i = 0; i < count; ++i) {
    f(dense, strided);
    for (std::size_t axis = rank; axis-- > 0;) {
      dense += axes[axis].dense;
      strided += axes[axis].strided;
      if (++index[axis] < axes[axis].extent) break;
      const auto extent = static_cast<std::ptrdiff_t>(axes[axis].extent);
      index[axis] = 0;
      dense -= axes[axis].dense * extent;
      strided -= axes[axis].strided * extent;
    }
  }
}

template <class F>
bool StridedWalk::for_each_plane(F f) const {
  const auto end = outer_.axes.begin() + static_cast<std::ptrdiff_t>(outer_.rank);
  const auto crossing =
      std::find_if(outer_.axes.begin(), end, [](const Axis& axis) { return axis.strided == 1; });
  if (crossing == end) return false;
  Outer others = outer_;
  std::copy(crossing + 1, end, others.axes.begin() + (crossing - outer_.axes.begin()));
  --others.rank;
  others.for_each(
      offset_, [&](std::ptrdiff_t dense, std::ptrdiff_t strided) { f(dense, strided, *crossing); });
  return true;
}

/// to[r to_stride + c] = from[c from_stride + r] for r < rows, c < columns.
template <class T>
void transpose_plane(const T* from, std::ptrdiff_t from_stride, T* to, std::ptrdiff_t to_stride,
                     std::size_t rows, std::size_t columns) {
  constexpr std::size_t tile = 8;
  const auto lines = [](std::size_t count, std::ptrdiff_t stride) {
    return static_cast<std::ptrdiff_t>(count) * stride;
  };
  for (std::size_t row = 0; row < rows; row += tile) {
    const std::size_t height = std::min(tile, rows - row);
    for (std::size_t column = 0; column < columns; column += tile) {
      const std::size_t width = std::min(tile, columns - column);
      const T* source = from + lines(column, from_stride) + row;
      T* target = to + lines(row, to_stride) + column;
      if (height == tile && width == tile) {
        // Copied first: out of an array of its own the compiler transposes the tile in registers.
        std::array<T, tile * tile> block;
        for (std::size_t c = 0; c < tile; ++c)
          std::copy_n(source + lines(c, from_stride), tile, block.data() + c * tile);
        for (std::size_t r = 0; r < tile; ++r)
          for (std::size_t c = 0; c < tile; ++c)
            (target + lines(r, to_stride))[c] = block[c * tile + r];
      } else {
        for (std::size_t c = 0; c < width; ++c)
          for (std::size_t r = 0; r < height; ++r)
            (target + lines(r, to_stride))[c] = (source + lines(c, from_stride))[r];
      }
    }
  }
}

/// to[i] += term[i]
template <class T>
void add_run(std::size_t n, const T* term, T* to) {
  transform(n, to, std::array<Stream<T>, 2>{{{to, true}, {term, true}}},
            [](const auto& x, const auto& y) { return x + y; });
}

/// dense = the strided elements
template <class T>
void read_strided(const StridedWalk& walk, const T* from, T* dense) {
  const StridedWalk::Axis& run = walk.run();
  if (run.extent == 0) return;
  if (run.strided == 1)
    return walk.for_each_run([&](std::ptrdiff_t to, std::ptrdiff_t at) {
      std::copy_n(from + at, run.extent, dense + to);
    });
  const bool planes =
      walk.for_each_plane([&](std::ptrdiff_t to, std::ptrdiff_t at, const StridedWalk::Axis& rows) {
        transpose_plane(from + at, run.strided, dense + to, rows.dense, rows.extent, run.extent);
      });
  if (planes) return;
  const auto count = static_cast<std::ptrdiff_t>(run.extent);
  walk.for_each_run([&](std::ptrdiff_t to, std::ptrdiff_t at) {
    for (std::ptrdiff_t i = 0; i < count; ++i) dense[to + i] = from[at + i * run.strided];
  });
}

/// the strided elements = dense
template <class T>
void write_strided(const StridedWalk& walk, const T* dense, T* to) {
  const StridedWalk::Axis& run = walk.run();
  const auto count = static_cast<std::ptrdiff_t>(run.extent);
  walk.for_each_run([&](std::ptrdiff_t from, std::ptrdiff_t at) {
    if (run.strided == 1) std::copy_n(dense + from, run.extent, to + at);
    else
      for (std::ptrdiff_t i = 0; i < count; ++i) to[at + i * run.strided] = dense[from + i];
  });
}

/// the strided elements += dense
template <class T>
void add_strided(const StridedWalk& walk, const T* dense, T* to) {
  const StridedWalk::Axis& run = walk.run();
  const auto count = static_cast<std::ptrdiff_t>(run.extent);
  walk.for_each_run([&](std::ptrdiff_t from, std::ptrdiff_t at) {
    if (run.strided == 1) add_run(run.extent, dense + from, to + at);
    else
      for (std::ptrdiff_t i = 0; i < count; ++i) to[at + i * run.strided] += dense[from + i];
  });
}

}  // namespace wengert::detail
