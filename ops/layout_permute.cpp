// SPDX-License-Identifier: MIT
// Axes in another order.
#include <array>
#include <numeric>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "../graph/error.h"
#include "../graph/recording.h"
#include "kernels_strided.h"
#include "layout.h"

namespace wengert {

using namespace detail;

namespace {

class Permute final : public Op {
 public:
  using OnlyPlainMembers = void;
  using Order = std::array<std::uint8_t, Shape::max_rank>;

  Permute(std::size_t rank, const Order& order) : rank_(rank), order_(order) {}
  std::string_view name() const override { return "permute"; }
  Output infer(Operands in) const override {
    Shape shape;
    for (std::size_t axis = 0; axis < rank_; ++axis) shape.append(in[0].shape()[order_[axis]]);
    return {shape, in[0].dtype()};
  }
  Tensor run(Operands in) const override {
    const Shape shape = infer(in).shape;
    // Moving axes of extent 1 moves no element.
    if (walk(in[0].shape(), shape).contiguous()) return in[0].reshape(shape);
    return Op::run(in);
  }
  void forward(Operands in, Tensor& out) const override {
    const StridedWalk source = walk(in[0].shape(), out.shape());
    dispatch(out.dtype(), [&]<class T>(T) {
      read_strided(source, in[0].data<T>().data(), out.mutable_data<T>().data());
    });
  }
  void pullback(Pullback& back) const override {
    Order inverse{};
    for (std::size_t axis = 0; axis < rank_; ++axis)
      inverse[order_[axis]] = static_cast<std::uint8_t>(axis);
    back.to(0, apply(Permute(rank_, inverse), back.cotangent()));
  }

 private:
  StridedWalk walk(const Shape& from, const Shape& to) const {
    const Strides strides = dense_strides(from);
    Strides permuted{};
    for (std::size_t axis = 0; axis < rank_; ++axis) permuted[axis] = strides[order_[axis]];
    return StridedWalk(to, permuted);
  }

  std::size_t rank_;
  Order order_;
};

Permute::Order in_order() {
  Permute::Order order;
  std::iota(order.begin(), order.end(), std::uint8_t{0});
  return order;
}

Var swap_axes(const Var& x, std::size_t a, std::size_t b) {
  if (a == b) return x;
  Permute::Order order = in_order();
  std::swap(order[a], order[b]);
  return apply(Permute(x.rank(), order), x);
}

}  // namespace

Var transpose(const Var& x) {
  if (x.rank() < 2)
    throw ShapeError(
        fmt::format("transpose: needs the two axes of a matrix: {}; to make a row or a "
                    "column of a vector, use unsqueeze",
                    to_string(x.shape())));
  return swap_axes(x, x.rank() - 2, x.rank() - 1);
}
Var transpose(const Var& x, std::int64_t axis_a, std::int64_t axis_b) {
  return swap_axes(x, normalized_axis("transpose", axis_a, x.rank()),
                   normalized_axis("transpose", axis_b, x.rank()));
}

Var permute(const Var& x, std::span<const std::int64_t> axes) {
  Permute::Order order = in_order();
  std::array<bool, Shape::max_rank> named{};
  bool every = axes.size() == x.rank();
  for (std::size_t k = 0; k < axes.size() && every; ++k) {
    const std::size_t axis = normalized_axis("permute", axes[k], x.rank());
    every = !named[axis];
    named[axis] = true;
    order[k] = static_cast<std::uint8_t>(axis);
  }
  if (!every)
    throw ShapeError(fmt::format("permute: must name every axis of {} once: {{{}}}",
                                 to_string(x.shape()), fmt::join(axes, ", ")));
  return order == in_order() ? x : apply(Permute(x.rank(), order), x);
}
Var permute(const Var& x, std::initializer_list<Extent> axes) {
  std::vector<std::int64_t> list;
  for (const Extent axis : axes) list.push_back(axis.value);
  return permute(x, list);
}

}  // namespace wengert
