// SPDX-License-Identifier: MIT
#include "layout.h"

#include <algorithm>
#include <bitset>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/recording.h"
#include "broadcast.h"
#include "kernels_strided.h"

namespace wengert {

using namespace detail;

namespace {

class Reshape final : public Op {
 public:
  using OnlyPlainMembers = void;
  explicit Reshape(const Shape& shape) : shape_(shape) {}
  std::string_view name() const override { return "reshape"; }
  Output infer(Operands in) const override { return {shape_, in[0].dtype()}; }
  Tensor run(Operands in) const override { return in[0].reshape(shape_); }
  void forward(Operands in, Tensor& out) const override {
    dispatch(out.dtype(), [&]<class T>(T) {
      std::ranges::copy(in[0].data<T>(), out.mutable_data<T>().begin());
    });
  }
  void pullback(Pullback& back) const override {
    back.to(0, reshape(back.cotangent(), back.input_shape(0)));
  }

 private:
  Shape shape_;
};

class BroadcastTo final : public Op {
 public:
  using OnlyPlainMembers = void;
  explicit BroadcastTo(const Shape& shape) : shape_(shape) {}
  std::string_view name() const override { return "broadcast_to"; }
  Output infer(Operands in) const override {
    if (!broadcasts_to(in[0].shape(), shape_))
      throw ShapeError(fmt::format(
          "broadcast_to: {} does not stretch to {}; an extent must be 1 or the same, counted from "
          "the last axis",
          to_string(in[0].shape()), to_string(shape_)));
    return {shape_, in[0].dtype()};
  }
  void forward(Operands in, Tensor& out) const override {
    const std::array<const Shape*, 1> shapes{&in[0].shape()};
    const BroadcastLoop loop(shape_, shapes);
    const std::size_t run = loop.run_length();
    dispatch(out.dtype(), [&]<class T>(T) {
      const T* from = in[0].data<T>().data();
      T* to = out.mutable_data<T>().data();
      loop.for_each_run([&](std::size_t at, const auto& offset) {
        if (loop.moves(0)) std::copy_n(from + offset[0], run, to + at);
        else std::fill_n(to + at, run, from[offset[0]]);
      });
    });
  }
  void pullback(Pullback& back) const override {
    back.to(0, sum_to(back.cotangent(), back.input_shape(0)));
  }

 private:
  Shape shape_;
};

class Pad final : public Op {
 public:
  using OnlyPlainMembers = void;
  using Widths = std::array<std::size_t, Shape::max_rank>;

  Pad(std::size_t axes, const Widths& before, const Widths& after, double value)
      : axes_(axes), before_(before), after_(after), value_(value) {}
  std::string_view name() const override { return "pad"; }
  Output infer(Operands in) const override {
    Shape shape = in[0].shape();
    if (axes_ != shape.rank())
      throw ShapeError(fmt::format("pad: needs one {{before, after}} an axis: {} for shape {}",
                                   axes_, to_string(shape)));
    for (std::size_t axis = 0; axis < axes_; ++axis) shape[axis] += before_[axis] + after_[axis];
    return {shape, in[0].dtype()};
  }
  void forward(Operands in, Tensor& out) const override {
    const Strides strides = dense_strides(out.shape());
    std::ptrdiff_t offset = 0;
    for (std::size_t axis = 0; axis < axes_; ++axis)
      offset += static_cast<std::ptrdiff_t>(before_[axis]) * strides[axis];
    const StridedWalk walk(in[0].shape(), strides, offset);
    dispatch(out.dtype(), [&]<class T>(T) {
      std::ranges::fill(out.mutable_data<T>(), static_cast<T>(value_));
      write_strided(walk, in[0].data<T>().data(), out.mutable_data<T>().data());
    });
  }
  void pullback(Pullback& back) const override {
    const Shape shape = back.input_shape(0);
    Var inside = back.cotangent();
    for (std::size_t axis = 0; axis < axes_; ++axis) {
      if (before_[axis] + after_[axis] == 0) continue;
      const auto begin = static_cast<std::int64_t>(before_[axis]);
      const auto end = static_cast<std::int64_t>(before_[axis] + shape[axis]);
      inside = slice(inside, static_cast<std::int64_t>(axis), begin, end);
    }
    back.to(0, std::move(inside));
  }

 private:
  std::size_t axes_;
  Widths before_;
  Widths after_;
  double value_;
};

class Flip final : public Op {
 public:
  using OnlyPlainMembers = void;
  using Axes = std::bitset<Shape::max_rank>;

  explicit Flip(Axes axes) : axes_(axes) {}
  std::string_view name() const override { return "flip"; }
  Output infer(Operands in) const override { return {in[0].shape(), in[0].dtype()}; }
  void forward(Operands in, Tensor& out) const override {
    if (out.size() == 0) return;
    Strides strides = dense_strides(out.shape());
    std::ptrdiff_t offset = 0;
    for (std::size_t axis = 0; axis < out.rank(); ++axis) {
      if (!axes_[axis]) continue;
      offset += strides[axis] * static_cast<std::ptrdiff_t>(out.shape()[axis] - 1);
      strides[axis] = -strides[axis];
    }
    const StridedWalk walk(out.shape(), strides, offset);
    dispatch(out.dtype(), [&]<class T>(T) {
      read_strided(walk, in[0].data<T>().data(), out.mutable_data<T>().data());
    });
  }
  void pullback(Pullback& back) const override { back.to(0, apply(Flip(axes_), back.cotangent())); }

 private:
  Axes axes_;
};

enum class Side : bool { lower, upper };

class Triangle final : public Op {
 public:
  using OnlyPlainMembers = void;
  Triangle(Side side, std::int64_t diagonal) : side_(side), diagonal_(diagonal) {}
  std::string_view name() const override { return side_ == Side::lower ? "tril" : "triu"; }
  Output infer(Operands in) const override {
    if (in[0].rank() < 2)
      throw ShapeError(
          fmt::format("{}: needs the two axes of a matrix: {}", name(), to_string(in[0].shape())));
    return {in[0].shape(), in[0].dtype()};
  }
  void forward(Operands in, Tensor& out) const override {
    if (out.size() == 0) return;
    const std::size_t rows = out.shape()[out.rank() - 2];
    const std::size_t columns = out.shape().back();
    dispatch(out.dtype(), [&]<class T>(T) {
      const T* from = in[0].data<T>().data();
      T* to = out.mutable_data<T>().data();
      for (std::size_t row = 0; row < out.size() / columns; ++row) {
        const auto [begin, end] = kept(row % rows, columns);
        std::fill_n(to, begin, T{0});
        std::copy(from + begin, from + end, to + begin);
        std::fill(to + end, to + columns, T{0});
        from += columns;
        to += columns;
      }
    });
  }
  void pullback(Pullback& back) const override {
    back.to(0, apply(Triangle(side_, diagonal_), back.cotangent()));
  }

 private:
  std::pair<std::size_t, std::size_t> kept(std::size_t row, std::size_t columns) const {
    const auto count = static_cast<std::int64_t>(columns);
    const auto i = static_cast<std::int64_t>(row);
    // The diagonal is held within the matrix first, so that the sums cannot overflow.
    const std::int64_t j = i + std::clamp(diagonal_, -i - 1, count);
    if (side_ == Side::lower)
      return {0, static_cast<std::size_t>(std::clamp<std::int64_t>(j + 1, 0, count))};
    return {static_cast<std::size_t>(std::clamp<std::int64_t>(j, 0, count)), columns};
  }

  Side side_;
  std::int64_t diagonal_;
};

}  // namespace

Var reshape(const Var& x, const Shape& shape) {
  return shape == x.shape() ? x : apply(Reshape(shape), x);
}
Var reshape(const Var& x, std::initializer_list<Extent> extents) {
  for (const Extent extent : extents)
    if (extent.value == -1) return reshape(x, x.value().reshape(extents).shape());
  return reshape(x, Shape(extents));
}
Var flatten(const Var& x) {
  if (x.rank() == 0) throw ShapeError("flatten: a scalar has no leading axis; use unsqueeze(x, 0)");
  const Shape& shape = x.shape();
  std::size_t rest = 1;
  for (std::size_t axis = 1; axis < shape.rank(); ++axis) rest *= shape[axis];
  return reshape(x, Shape{shape[0], rest});
}
Var unsqueeze(const Var& x, std::int64_t axis) {
  const std::size_t place = normalized_axis("unsqueeze", axis, x.rank() + 1);
  Shape shape;
  for (std::size_t i = 0; i <= x.rank(); ++i) {
    if (i == place) shape.append(1);
    if (i < x.rank()) shape.append(x.shape()[i]);
  }
  return reshape(x, shape);
}
Var squeeze(const Var& x, std::int64_t axis) {
  const std::size_t place = normalized_axis("squeeze", axis, x.rank());
  if (x.shape()[place] != 1)
    throw ShapeError(
        fmt::format("squeeze: axis {} of {} has extent {}, not 1; to take one entry, use "
                    "select(x, axis, index)",
                    axis, to_string(x.shape()), x.shape()[place]));
  return reshape(x, x.shape().without(place));
}

Var broadcast_to(const Var& x, const Shape& shape) {
  return shape == x.shape() ? x : apply(BroadcastTo(shape), x);
}

Var pad(const Var& x, std::span<const Padding> widths, double value) {
  if (widths.size() > Shape::max_rank)
    throw ShapeError(fmt::format("pad: needs one {{before, after}} an axis: {} for shape {}",
                                 widths.size(), to_string(x.shape())));
  Pad::Widths before{};
  Pad::Widths after{};
  for (std::size_t axis = 0; axis < widths.size(); ++axis) {
    const auto [first, last] = widths[axis];
    if (first.value < 0 || last.value < 0)
      throw ValueError(fmt::format("pad: negative width on axis {}: {{{}, {}}}; to cut, use slice",
                                   axis, first.value, last.value));
    before[axis] = static_cast<std::size_t>(first.value);
    after[axis] = static_cast<std::size_t>(last.value);
  }
  return apply(Pad(widths.size(), before, after, value), x);
}
Var pad(const Var& x, std::initializer_list<Padding> widths, double value) {
  return pad(x, std::span(widths.begin(), widths.size()), value);
}

Var flip(const Var& x, std::span<const std::int64_t> axes) {
  Flip::Axes turned;
  for (const std::int64_t axis : axes) {
    const std::size_t place = normalized_axis("flip", axis, x.rank());
    if (turned[place]) throw ShapeError(fmt::format("flip: axis {} is named twice", axis));
    turned.set(place);
  }
  return apply(Flip(turned), x);
}
Var flip(const Var& x, std::initializer_list<Extent> axes) {
  std::vector<std::int64_t> list;
  for (const Extent axis : axes) list.push_back(axis.value);
  return flip(x, list);
}

Var tril(const Var& x, std::int64_t diagonal) { return apply(Triangle(Side::lower, diagonal), x); }
Var triu(const Var& x, std::int64_t diagonal) { return apply(Triangle(Side::upper, diagonal), x); }

}  // namespace wengert
