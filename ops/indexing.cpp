// SPDX-License-Identifier: MIT
#include "indexing.h"

#include <algorithm>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/recording.h"
#include "kernels_strided.h"

namespace wengert {

using namespace detail;

namespace {

void check_integers(std::string_view op, const Tensor& indices) {
  if (indices.dtype() != i64)
    throw DTypeError(
        fmt::format("{}: indices must be i64, got {}; make them with labels({{...}}) or "
                    "cast(x, i64)",
                    op, to_string(indices.dtype())));
}

void check_range(std::string_view op, std::string_view what, std::string_view where,
                 std::span<const std::int64_t> indices, std::size_t extent) {
  for (std::size_t i = 0; i < indices.size(); ++i)
    if (indices[i] < 0 || static_cast<std::size_t>(indices[i]) >= extent)
      throw ValueError(fmt::format("{}: {} {} at {} {} is outside [0, {})", op, what, indices[i],
                                   where, i, extent));
}

/// A value seen as [outer, extent of an axis, inner].
struct Sides {
  std::size_t outer = 1;
  std::size_t extent;
  std::size_t inner = 1;

  Sides(const Shape& shape, std::size_t axis) : extent(shape[axis]) {
    for (std::size_t i = 0; i < axis; ++i) outer *= shape[i];
    for (std::size_t i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
  /// f(offset in the whole, offset in the entries) for every entry of `inner` elements.
  template <class F>
  void for_each_entry(std::span<const std::int64_t> indices, F f) const {
    for (std::size_t o = 0; o < outer; ++o)
      for (std::size_t i = 0; i < indices.size(); ++i)
        f((o * extent + static_cast<std::size_t>(indices[i])) * inner,
          (o * indices.size() + i) * inner);
  }
};

void add_entries(const Tensor& entries, std::span<const std::int64_t> indices, std::size_t axis,
                 Tensor& into) {
  const Sides sides(into.shape(), axis);
  dispatch(into.dtype(), [&]<class T>(T) {
    const T* from = entries.data<T>().data();
    T* to = into.mutable_data<T>().data();
    sides.for_each_entry(indices, [&](std::size_t in_whole, std::size_t in_entries) {
      if (sides.inner == 1) to[in_whole] += from[in_entries];
      else add_run(sides.inner, from + in_entries, to + in_whole);
    });
  });
}

/// The adjoint of take: zeros to which the entries are added where take would have read them.
class AddEntries final : public Op {
 public:
  using OnlyPlainMembers = void;
  AddEntries(const Shape& whole, std::size_t axis) : whole_(whole), axis_(axis) {}
  std::string_view name() const override { return "add_entries"; }
  Output infer(Operands in) const override { return {whole_, in[0].dtype()}; }
  void forward(Operands in, Tensor& out) const override {
    const std::span<const std::int64_t> indices = in[1].data<std::int64_t>();
    check_range(name(), "index", "position", indices, whole_[axis_]);
    dispatch(out.dtype(), [&]<class T>(T) { std::ranges::fill(out.mutable_data<T>(), T{0}); });
    add_entries(in[0], indices, axis_, out);
  }
  Operand reads(Operand) const override { return Operand::input(1); }
  void pullback(Pullback& back) const override {
    back.to(0, take(back.cotangent(), back.input(1), static_cast<std::int64_t>(axis_)));
  }

 private:
  Shape whole_;
  std::size_t axis_;
};

class Take final : public Op {
 public:
  using OnlyPlainMembers = void;
  explicit Take(std::int64_t axis) : axis_(axis) {}
  std::string_view name() const override { return "take"; }
  Output infer(Operands in) const override {
    check_integers(name(), in[1]);
    const Shape& x = in[0].shape();
    const std::size_t axis = axis_of(x);
    Shape shape;
    for (std::size_t i = 0; i < axis; ++i) shape.append(x[i]);
    for (const std::size_t extent : in[1].shape()) shape.append(extent);
    for (std::size_t i = axis + 1; i < x.rank(); ++i) shape.append(x[i]);
    return {shape, in[0].dtype()};
  }
  void forward(Operands in, Tensor& out) const override {
    const std::span<const std::int64_t> indices = in[1].data<std::int64_t>();
    const Sides sides(in[0].shape(), axis_of(in[0].shape()));
    check_range(name(), "index", "position", indices, sides.extent);
    dispatch(out.dtype(), [&]<class T>(T) {
      const T* from = in[0].data<T>().data();
      T* to = out.mutable_data<T>().data();
      sides.for_each_entry(indices, [&](std::size_t in_whole, std::size_t in_entries) {
        if (sides.inner == 1) to[in_entries] = from[in_whole];
        else std::copy_n(from + in_whole, sides.inner, to + in_entries);
      });
    });
  }
  Operand reads(Operand) const override { return Operand::input(1); }
  void pullback(Pullback& back) const override {
    const Shape whole = back.input_shape(0);
    const std::size_t axis = axis_of(whole);
    if (Tensor* gathered = back.gathered(0))
      return add_entries(back.cotangent_value(), back.input_value(1).data<std::int64_t>(), axis,
                         *gathered);
    back.to(0, apply(AddEntries(whole, axis), back.cotangent(), back.input(1)));
  }

 private:
  std::size_t axis_of(const Shape& x) const { return normalized_axis("take", axis_, x.rank()); }
  std::int64_t axis_;
};

/// Where gather reads: offset of every index but for what the index itself adds.
class Lookup {
 public:
  Lookup(const Shape& whole, const Shape& indices, std::size_t axis)
      : stride_(dense_strides(whole)[axis]), walk_(indices, without(dense_strides(whole), axis)) {}

  /// f(offset in the whole, offset in the indices)
  template <class F>
  void for_each(std::span<const std::int64_t> indices, F f) const {
    const StridedWalk::Axis& run = walk_.run();
    walk_.for_each_run([&](std::ptrdiff_t dense, std::ptrdiff_t strided) {
      for (std::size_t i = 0; i < run.extent; ++i, ++dense, strided += run.strided)
        f(strided + indices[static_cast<std::size_t>(dense)] * stride_, dense);
    });
  }

 private:
  static Strides without(Strides strides, std::size_t axis) {
    strides[axis] = 0;
    return strides;
  }
  std::ptrdiff_t stride_;
  StridedWalk walk_;
};

void check_lookup(std::string_view op, const Shape& whole, const Tensor& indices,
                  std::size_t axis) {
  check_integers(op, indices);
  bool fits = indices.rank() == whole.rank();
  for (std::size_t i = 0; i < whole.rank() && fits; ++i)
    fits = i == axis || indices.shape()[i] <= whole[i];
  if (!fits)
    throw ShapeError(fmt::format(
        "{}: indices must have as many axes as the values looked up and, but for axis {}, no more "
        "entries: {} and {}; to look up whole rows, use take",
        op, axis, to_string(indices.shape()), to_string(whole)));
}

void add_looked_up(const Tensor& values, const Tensor& indices, std::size_t axis, Tensor& into) {
  const Lookup lookup(into.shape(), indices.shape(), axis);
  dispatch(into.dtype(), [&]<class T>(T) {
    const T* from = values.data<T>().data();
    T* to = into.mutable_data<T>().data();
    lookup.for_each(indices.data<std::int64_t>(),
                    [&](std::ptrdiff_t in_whole, std::ptrdiff_t at) { to[in_whole] += from[at]; });
  });
}

class ScatterAdd final : public Op {
 public:
  using OnlyPlainMembers = void;
  ScatterAdd(std::int64_t axis, const Shape& whole) : axis_(axis), whole_(whole) {}
  std::string_view name() const override { return "scatter_add"; }
  Output infer(Operands in) const override {
    check_lookup(name(), whole_, in[1], axis());
    if (in[0].shape() != in[1].shape())
      throw ShapeError(fmt::format("scatter_add: needs one index a value: {} values and {} indices",
                                   to_string(in[0].shape()), to_string(in[1].shape())));
    return {whole_, in[0].dtype()};
  }
  void forward(Operands in, Tensor& out) const override {
    check_range(name(), "index", "position", in[1].data<std::int64_t>(), whole_[axis()]);
    dispatch(out.dtype(), [&]<class T>(T) { std::ranges::fill(out.mutable_data<T>(), T{0}); });
    add_looked_up(in[0], in[1], axis(), out);
  }
  Operand reads(Operand) const override { return Operand::input(1); }
  void pullback(Pullback& back) const override {
    back.to(0, gather(back.cotangent(), back.input(1), axis_));
  }

 private:
  std::size_t axis() const { return normalized_axis("scatter_add", axis_, whole_.rank()); }
  std::int64_t axis_;
  Shape whole_;
};

class Gather final : public Op {
 public:
  using OnlyPlainMembers = void;
  explicit Gather(std::int64_t axis) : axis_(axis) {}
  std::string_view name() const override { return "gather"; }
  Output infer(Operands in) const override {
    check_lookup(name(), in[0].shape(), in[1], axis_of(in[0].shape()));
    return {in[1].shape(), in[0].dtype()};
  }
  void forward(Operands in, Tensor& out) const override {
    const Shape& whole = in[0].shape();
    const std::span<const std::int64_t> indices = in[1].data<std::int64_t>();
    check_range(name(), "index", "position", indices, whole[axis_of(whole)]);
    const Lookup lookup(whole, in[1].shape(), axis_of(whole));
    dispatch(out.dtype(), [&]<class T>(T) {
      const T* from = in[0].data<T>().data();
      T* to = out.mutable_data<T>().data();
      lookup.for_each(indices,
                      [&](std::ptrdiff_t in_whole, std::ptrdiff_t at) { to[at] = from[in_whole]; });
    });
  }
  Operand reads(Operand) const override { return Operand::input(1); }
  void pullback(Pullback& back) const override {
    const Shape whole = back.input_shape(0);
    if (Tensor* gathered = back.gathered(0))
      return add_looked_up(back.cotangent_value(), back.input_value(1), axis_of(whole), *gathered);
    back.to(0, scatter_add(back.cotangent(), back.input(1), axis_, whole));
  }

 private:
  std::size_t axis_of(const Shape& x) const { return normalized_axis("gather", axis_, x.rank()); }
  std::int64_t axis_;
};

class OneHot final : public Op {
 public:
  using OnlyPlainMembers = void;
  OneHot(std::size_t classes, DType dtype) : classes_(classes), dtype_(dtype) {}
  std::string_view name() const override { return "one_hot"; }
  bool differentiable() const override { return false; }
  Output infer(Operands in) const override {
    check_integers(name(), in[0]);
    Shape shape = in[0].shape();
    shape.append(classes_);
    return {shape, dtype_};
  }
  void forward(Operands in, Tensor& out) const override {
    const std::span<const std::int64_t> labels = in[0].data<std::int64_t>();
    check_range(name(), "label", "row", labels, classes_);
    dispatch(dtype_, [&]<class T>(T) {
      const std::span<T> to = out.mutable_data<T>();
      std::ranges::fill(to, T{0});
      for (std::size_t row = 0; row < labels.size(); ++row)
        to[row * classes_ + static_cast<std::size_t>(labels[row])] = T{1};
    });
  }
  std::shared_ptr<const Op> lifted(DType dtype) const override {
    return is_float(dtype_) ? std::make_shared<OneHot>(classes_, dtype) : nullptr;
  }

 private:
  std::size_t classes_;
  DType dtype_;
};

}  // namespace

Var take(const Var& x, const Var& indices, std::int64_t axis) {
  return apply(Take(axis), x, indices);
}
Var gather(const Var& x, const Var& indices, std::int64_t axis) {
  return apply(Gather(axis), x, indices);
}
Var scatter_add(const Var& values, const Var& indices, std::int64_t axis, const Shape& shape) {
  return apply(ScatterAdd(axis, shape), values, indices);
}
Var one_hot(const Var& labels, std::size_t classes, DType dtype) {
  return apply(OneHot(classes, dtype), labels);
}

}  // namespace wengert
