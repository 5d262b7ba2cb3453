// SPDX-License-Identifier: MIT
// Pieces of a value along one axis, and their adjoint, which puts a piece among zeros.
#include <algorithm>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/recording.h"
#include "kernels_strided.h"
#include "layout.h"

namespace wengert {

using namespace detail;

namespace {

/// Entries begin, begin + step, ... along an axis.
struct Piece {
  std::size_t axis;
  std::size_t begin;
  std::size_t count;
  std::size_t step;

  StridedWalk within(const Shape& whole) const {
    Strides strides = dense_strides(whole);
    const std::ptrdiff_t offset = strides[axis] * static_cast<std::ptrdiff_t>(begin);
    strides[axis] *= static_cast<std::ptrdiff_t>(step);
    return StridedWalk(whole.with(axis, count), strides, offset);
  }
};

Var embed(const Var& x, const Shape& whole, const Piece& piece, bool drops_axis);

class Slice final : public Op {
 public:
  using OnlyPlainMembers = void;

  Slice(std::int64_t axis, std::int64_t begin, std::int64_t end, std::int64_t step)
      : axis_(axis), begin_(begin), end_(end), step_(step), drops_axis_(false) {}
  /// One entry, without its axis.
  Slice(std::int64_t axis, std::int64_t index)
      : axis_(axis), begin_(index), end_(index), step_(1), drops_axis_(true) {}

  std::string_view name() const override { return drops_axis_ ? "select" : "slice"; }

  Output infer(Operands in) const override {
    const Piece piece = piece_of(in[0].shape());
    if (drops_axis_) return {in[0].shape().without(piece.axis), in[0].dtype()};
    return {in[0].shape().with(piece.axis, piece.count), in[0].dtype()};
  }
  Tensor run(Operands in) const override {
    const Piece piece = piece_of(in[0].shape());
    if (drops_axis_ && piece.axis == 0) return in[0][piece.begin];
    if (drops_axis_ || piece.step != 1) return Op::run(in);
    if (piece.count == in[0].shape()[piece.axis]) return in[0];
    return piece.axis == 0 ? in[0].rows(piece.begin, piece.begin + piece.count) : Op::run(in);
  }
  void forward(Operands in, Tensor& out) const override {
    const StridedWalk walk = piece_of(in[0].shape()).within(in[0].shape());
    dispatch(out.dtype(), [&]<class T>(T) {
      read_strided(walk, in[0].data<T>().data(), out.mutable_data<T>().data());
    });
  }
  void pullback(Pullback& back) const override {
    const Shape whole = back.input_shape(0);
    const Piece piece = piece_of(whole);
    Tensor* gathered = back.gathered(0);
    if (!gathered) return back.to(0, embed(back.cotangent(), whole, piece, drops_axis_));
    // In place, so that cutting a value into many pieces costs no more than the value.
    const Tensor& cotangent = back.cotangent_value();
    dispatch_float(cotangent.dtype(), [&]<class T>(T) {
      add_strided(piece.within(whole), cotangent.data<T>().data(),
                  gathered->mutable_data<T>().data());
    });
  }

 private:
  Piece piece_of(const Shape& whole) const {
    const std::size_t axis = normalized_axis(drops_axis_ ? "select" : "slice", axis_, whole.rank());
    const auto extent = static_cast<std::int64_t>(whole[axis]);
    const std::int64_t begin = begin_ < 0 ? begin_ + extent : begin_;
    if (drops_axis_) {
      if (begin < 0 || begin >= extent)
        throw ShapeError(fmt::format("select: index {} is outside axis {} of {}", begin_, axis_,
                                     to_string(whole)));
      return {axis, static_cast<std::size_t>(begin), 1, 1};
    }
    const std::int64_t end = end_ < 0 ? end_ + extent : end_;
    if (begin < 0 || end > extent || begin > end)
      throw ShapeError(fmt::format("slice: [{}, {}) is outside axis {} of {}", begin_, end_, axis_,
                                   to_string(whole)));
    const std::int64_t step = std::clamp<std::int64_t>(extent, 1, step_);  // further is out anyway
    const std::int64_t count = begin == end ? 0 : (end - begin - 1) / step + 1;
    return {axis, static_cast<std::size_t>(begin), static_cast<std::size_t>(count),
            static_cast<std::size_t>(step)};
  }

  std::int64_t axis_;
  std::int64_t begin_;
  std::int64_t end_;
  std::int64_t step_;
  bool drops_axis_;
};

class Embed final : public Op {
 public:
  using OnlyPlainMembers = void;
  Embed(const Shape& whole, const Piece& piece, bool drops_axis)
      : whole_(whole), piece_(piece), drops_axis_(drops_axis) {}
  std::string_view name() const override { return "embed"; }
  Output infer(Operands in) const override { return {whole_, in[0].dtype()}; }
  Tensor run(Operands in) const override {
    Tensor out = zeros(whole_, in[0].dtype());
    write(in[0], out);
    return out;
  }
  void forward(Operands in, Tensor& out) const override {
    dispatch(out.dtype(), [&]<class T>(T) { std::ranges::fill(out.mutable_data<T>(), T{0}); });
    write(in[0], out);
  }
  void pullback(Pullback& back) const override {
    const auto axis = static_cast<std::int64_t>(piece_.axis);
    const auto begin = static_cast<std::int64_t>(piece_.begin);
    if (drops_axis_) return back.to(0, select(back.cotangent(), axis, begin));
    const auto step = static_cast<std::int64_t>(piece_.step);
    const auto count = static_cast<std::int64_t>(piece_.count);
    const std::int64_t end = count == 0 ? begin : begin + (count - 1) * step + 1;
    back.to(0, slice(back.cotangent(), axis, begin, end, step));
  }

 private:
  void write(const Tensor& x, Tensor& out) const {
    dispatch(out.dtype(), [&]<class T>(T) {
      write_strided(piece_.within(whole_), x.data<T>().data(), out.mutable_data<T>().data());
    });
  }

  Shape whole_;
  Piece piece_;
  bool drops_axis_;
};

Var embed(const Var& x, const Shape& whole, const Piece& piece, bool drops_axis) {
  return apply(Embed(whole, piece, drops_axis), x);
}

}  // namespace

Var slice(const Var& x, std::int64_t axis, std::int64_t begin, std::int64_t end,
          std::int64_t step) {
  if (step < 1)
    throw ValueError(
        fmt::format("slice: the step must be at least 1: {}; to turn an axis round, use "
                    "flip(x, {{axis}})",
                    step));
  return apply(Slice(axis, begin, end, step), x);
}
Var select(const Var& x, std::int64_t axis, std::int64_t index) {
  return apply(Slice(axis, index), x);
}

std::vector<Var> split(const Var& x, std::span<const std::size_t> sizes, std::int64_t axis) {
  const std::size_t place = normalized_axis("split", axis, x.rank());
  std::size_t sum = 0;
  for (const std::size_t size : sizes) sum += size;
  if (sum != x.shape()[place])
    throw ShapeError(fmt::format("split: the sizes add up to {}, but axis {} of {} has {}", sum,
                                 axis, to_string(x.shape()), x.shape()[place]));
  std::vector<Var> pieces;
  pieces.reserve(sizes.size());
  std::int64_t begin = 0;
  for (const std::size_t size : sizes) {
    const std::int64_t end = begin + static_cast<std::int64_t>(size);
    pieces.push_back(slice(x, axis, begin, end));
    begin = end;
  }
  return pieces;
}
std::vector<Var> split(const Var& x, std::initializer_list<std::size_t> sizes, std::int64_t axis) {
  return split(x, std::span(sizes.begin(), sizes.size()), axis);
}
std::vector<Var> split(const Var& x, std::size_t parts, std::int64_t axis) {
  if (parts == 0) throw ValueError("split: needs at least one part: 0");
  const std::size_t extent = x.shape()[normalized_axis("split", axis, x.rank())];
  if (extent % parts != 0)
    throw ShapeError(
        fmt::format("split: axis {} of {} does not divide into {} equal parts; name the "
                    "sizes: split(x, {{a, b, ...}}, axis)",
                    axis, to_string(x.shape()), parts));
  return split(x, std::vector<std::size_t>(parts, extent / parts), axis);
}

}  // namespace wengert
