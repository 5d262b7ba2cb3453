// SPDX-License-Identifier: MIT
#include "reduce.h"

#include <limits>
#include <vector>

#include <fmt/format.h>

#include "arithmetic.h"
#include "elementwise.h"
#include "kernels.h"
#include "reduce_kernels.h"

namespace wengert {

using namespace detail;

Axes::Axes(std::initializer_list<std::int64_t> axes) : count_(axes.size()) {
  if (axes.size() > Shape::max_rank)
    throw ShapeError(
        fmt::format("axes: {} named, at most {} are possible", axes.size(), Shape::max_rank));
  std::copy(axes.begin(), axes.end(), axes_.begin());
}

std::uint32_t Axes::mask(const char* op, std::size_t rank) const {
  if (count_ == 0) return (1U << rank) - 1;
  std::uint32_t result = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const std::uint32_t bit = 1U << normalized_axis(op, axes_[i], rank);
    if (result & bit) throw ShapeError(fmt::format("{}: axis {} is named twice", op, axes_[i]));
    result |= bit;
  }
  return result;
}

namespace {

Shape reduced(const Shape& shape, std::uint32_t mask, Keep keep) {
  Shape result;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (!(mask >> axis & 1)) result.append(shape[axis]);
    else if (keep == Keep::yes) result.append(1);
  }
  return result;
}

std::size_t reduced_count(const Shape& shape, std::uint32_t mask) {
  std::size_t count = 1;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis)
    if (mask >> axis & 1) count *= shape[axis];
  return count;
}

void require_elements(std::string_view op, const Shape& shape, std::uint32_t mask) {
  for (std::size_t axis = 0; axis < shape.rank(); ++axis)
    if ((mask >> axis & 1) && shape[axis] == 0)
      throw ShapeError(fmt::format("{}: empty reduction: axis {} of {} has no elements", op, axis,
                                   to_string(shape)));
}

// One group of adjacent axes at a time, from the last: every step sees [outer, count, inner].
template <class How, class T>
void reduce(const Tensor& x, std::uint32_t mask, Tensor& out) {
  std::vector<T> from;
  const T* source = x.data<T>().data();
  Shape shape = x.shape();
  T* to = out.mutable_data<T>().data();
  std::vector<T> scratch;
  if (mask == 0) {
    std::copy(source, source + x.size(), to);
    return;
  }
  while (mask != 0) {
    std::size_t last = 31 - static_cast<std::size_t>(std::countl_zero(mask));
    std::size_t first = last;
    while (first > 0 && (mask >> (first - 1) & 1)) --first;
    std::size_t outer = 1, count = 1, inner = 1;
    for (std::size_t axis = 0; axis < shape.rank(); ++axis)
      (axis < first ? outer : axis <= last ? count : inner) *= shape[axis];
    for (std::size_t axis = first; axis <= last; ++axis) {
      shape[axis] = 1;
      mask &= ~(1U << axis);
    }
    std::vector<T> between(mask == 0 ? 0 : outer * inner);
    T* result = mask == 0 ? to : between.data();
    if (inner > 1 && count > rows_in_a_block) scratch.resize(inner);
    for (std::size_t i = 0; i < outer; ++i) {
      const T* block = source + i * count * inner;
      if (inner == 1) result[i] = reduce_row<How>(block, count);
      else reduce_columns<How>(block, count, inner, result + i * inner, scratch.data());
    }
    from = std::move(between);
    source = from.data();
  }
}

class Sum final : public Op {
 public:
  using OnlyPlainMembers = void;
  Sum(const Shape& shape, std::uint32_t mask, Keep keep, bool mean)
      : mask_(mask),
        keep_(keep),
        mean_(mean),
        count_(static_cast<double>(reduced_count(shape, mask))) {}
  std::string_view name() const override { return mean_ ? "mean" : "sum"; }
  Output infer(Operands in) const override {
    check_float(name(), in);
    if (mean_) require_elements(name(), in[0].shape(), mask_);
    return {reduced(in[0].shape(), mask_, keep_), in[0].dtype()};
  }
  void forward(Operands in, Tensor& out) const override {
    dispatch_float(out.dtype(), [&]<class T>(T) {
      reduce<Adding, T>(in[0], mask_, out);
      if (mean_)
        for (T& value : out.mutable_data<T>()) value /= static_cast<T>(count_);
    });
  }
  void pullback(Pullback& back) const override {
    const Var cotangent = reshape(back.cotangent(), reduced(back.input_shape(0), mask_, Keep::yes));
    back.to(0, mean_ ? cotangent / count_ : cotangent);
  }

 private:
  std::uint32_t mask_;
  Keep keep_;
  bool mean_;
  double count_;
};

template <bool largest>
class MaxMin final : public Op {
 public:
  using OnlyPlainMembers = void;
  MaxMin(std::uint32_t mask, Keep keep) : mask_(mask), keep_(keep) {}
  std::string_view name() const override { return largest ? "max" : "min"; }
  Output infer(Operands in) const override {
    check_float(name(), in);
    require_elements(name(), in[0].shape(), mask_);
    return {reduced(in[0].shape(), mask_, keep_), in[0].dtype()};
  }
  void forward(Operands in, Tensor& out) const override {
    dispatch_float(out.dtype(),
                   [&]<class T>(T) { reduce<Extremum<largest>, T>(in[0], mask_, out); });
  }
  Tensor branches(Operands in, const Tensor& out) const override {
    return equal(Var(in[0]), reshape(Var(out), reduced(in[0].shape(), mask_, Keep::yes))).value();
  }
  Operand reads(Operand) const override { return Operand::input(0) | Operand::output(); }
  void pullback(Pullback& back) const override {
    const Shape kept = reduced(back.input_shape(0), mask_, Keep::yes);
    const Var hits = equal(back.input(0), reshape(back.output(), kept));
    back.to(0, reshape(back.cotangent(), kept) * hits / sum_to(hits, kept));
  }

 private:
  std::uint32_t mask_;
  Keep keep_;
};

class LogSumExp final : public Op {
 public:
  using OnlyPlainMembers = void;
  LogSumExp(std::uint32_t mask, Keep keep) : mask_(mask), keep_(keep) {}
  std::string_view name() const override { return "logsumexp"; }
  Output infer(Operands in) const override {
    check_float(name(), in);
    require_elements(name(), in[0].shape(), mask_);
    return {reduced(in[0].shape(), mask_, keep_), in[0].dtype()};
  }
  void forward(Operands in, Tensor& out) const override {
    const Var x = in[0];
    const Shape kept = reduced(x.shape(), mask_, Keep::yes);
    Tensor largest = Tensor::empty(kept, x.dtype());
    dispatch_float(x.dtype(), [&]<class T>(T) {
      reduce<Extremum<true>, T>(in[0], mask_, largest);
      for (T& value : largest.mutable_data<T>())
        if (std::isinf(value)) value = 0;  // inf - inf would be NaN
    });
    const Var total = sum_to(exp(x - Var(largest)), kept);
    out = (log(total) + Var(largest)).value().reshape(out.shape());
  }
  Operand reads(Operand) const override { return Operand::input(0) | Operand::output(); }
  void pullback(Pullback& back) const override {
    const Shape kept = reduced(back.input_shape(0), mask_, Keep::yes);
    const Var x = back.input(0);
    const Var y = reshape(back.output(), kept);
    const Var difference = where(equal(x, y), 0.0, x - y);  // also where both are infinite
    back.to(0, reshape(back.cotangent(), kept) * exp(difference));
  }

 private:
  std::uint32_t mask_;
  Keep keep_;
};

class Norm final : public Op {
 public:
  using OnlyPlainMembers = void;
  Norm(std::uint32_t mask, Keep keep) : mask_(mask), keep_(keep) {}
  std::string_view name() const override { return "norm"; }
  Output infer(Operands in) const override {
    check_float(name(), in);
    return {reduced(in[0].shape(), mask_, keep_), in[0].dtype()};
  }
  void forward(Operands in, Tensor& out) const override {
    const Tensor squares = square(in[0]).value();
    dispatch_float(out.dtype(), [&]<class T>(T) {
      reduce<Adding, T>(squares, mask_, out);
      for (T& value : out.mutable_data<T>()) value = std::sqrt(value);
    });
  }
  Tensor branches(Operands, const Tensor& out) const override {  // a cone has its point at 0
    return equal(Var(out), Var(scalar(0.0, out.dtype()))).value();
  }
  Operand reads(Operand) const override { return Operand::input(0) | Operand::output(); }
  void pullback(Pullback& back) const override {
    const Shape kept = reduced(back.input_shape(0), mask_, Keep::yes);
    const Var y = reshape(back.output(), kept);
    const Var zero = equal(y, Var(scalar(0.0, y.dtype())));
    const Var scale = where(zero, 0.0, 1.0 / where(zero, 1.0, y));
    back.to(0, reshape(back.cotangent(), kept) * scale * back.input(0));
  }

 private:
  std::uint32_t mask_;
  Keep keep_;
};

template <bool largest>
class ArgExtremum final : public Op {
 public:
  using OnlyPlainMembers = void;
  explicit ArgExtremum(std::size_t axis) : axis_(axis) {}
  std::string_view name() const override { return largest ? "argmax" : "argmin"; }
  bool differentiable() const override { return false; }
  Tensor branches(Operands, const Tensor& out) const override { return out; }
  Output infer(Operands in) const override {
    require_elements(name(), in[0].shape(), 1U << axis_);
    return {in[0].shape().without(axis_), DType::i64};
  }
  void forward(Operands in, Tensor& out) const override {
    const Shape& shape = in[0].shape();
    std::size_t inner = 1;
    for (std::size_t axis = axis_ + 1; axis < shape.rank(); ++axis) inner *= shape[axis];
    const std::size_t count = shape[axis_];
    const std::span<std::int64_t> to = out.mutable_data<std::int64_t>();
    dispatch(in[0].dtype(), [&]<class T>(T) {
      const std::span<const T> x = in[0].data<T>();
      for (std::size_t i = 0; i < to.size(); ++i) {
        const std::size_t start = i / inner * count * inner + i % inner;
        std::size_t best = 0;
        for (std::size_t k = 1; k < count; ++k) {
          const T candidate = x[start + k * inner];
          const T holder = x[start + best * inner];
          const bool beats = largest ? candidate > holder : candidate < holder;
          if (holder == holder && (beats || candidate != candidate)) best = k;
        }
        to[i] = static_cast<std::int64_t>(best);
      }
    });
  }

 private:
  std::size_t axis_;
};

}  // namespace

Var sum(const Var& x, Axes axes, Keep keep) {
  return apply(Sum(x.shape(), axes.mask("sum", x.rank()), keep, false), x);
}
Var mean(const Var& x, Axes axes, Keep keep) {
  return apply(Sum(x.shape(), axes.mask("mean", x.rank()), keep, true), x);
}
Var max(const Var& x, Axes axes, Keep keep) {
  return apply(MaxMin<true>(axes.mask("max", x.rank()), keep), x);
}
Var min(const Var& x, Axes axes, Keep keep) {
  return apply(MaxMin<false>(axes.mask("min", x.rank()), keep), x);
}
Var logsumexp(const Var& x, Axes axes, Keep keep) {
  return apply(LogSumExp(axes.mask("logsumexp", x.rank()), keep), x);
}
Var norm(const Var& x, Axes axes, Keep keep) {
  return apply(Norm(axes.mask("norm", x.rank()), keep), x);
}

namespace {
/// What the squares are divided by.
double spread_count(const char* op, const Shape& shape, std::uint32_t mask, int correction) {
  require_elements(op, shape, mask);
  const auto count = static_cast<double>(reduced_count(shape, mask));
  if (count <= correction)
    throw ValueError(
        fmt::format("{}: {} elements are too few for correction {}", op, count, correction));
  return count - correction;
}
}  // namespace

Var var(const Var& x, Axes axes, Keep keep, int correction) {
  const double count = spread_count("var", x.shape(), axes.mask("var", x.rank()), correction);
  const Var spread = squared_difference(x, mean(x, axes, keep_axes));
  return correction == 0 ? mean(spread, axes, keep) : sum(spread, axes, keep) / count;
}
Var std(const Var& x, Axes axes, Keep keep, int correction) {
  const double count = spread_count("std", x.shape(), axes.mask("std", x.rank()), correction);
  // Not sqrt(var): the derivative of norm is 0 where all elements are equal.
  return norm(x - mean(x, axes, keep_axes), axes, keep) / std::sqrt(count);
}

Var argmax(const Var& x, std::int64_t axis) {
  return apply(ArgExtremum<true>(normalized_axis("argmax", axis, x.rank())), x);
}
Var argmin(const Var& x, std::int64_t axis) {
  return apply(ArgExtremum<false>(normalized_axis("argmin", axis, x.rank())), x);
}

Var sum_to(const Var& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  if (!broadcasts_to(shape, x.shape()))
    throw ShapeError(fmt::format("sum_to: {} is not {} before broadcasting", to_string(shape),
                                 to_string(x.shape())));
  const std::size_t lead = x.rank() - shape.rank();
  std::uint32_t mask = (1U << lead) - 1;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis)
    if (shape[axis] == 1 && x.shape()[lead + axis] != 1) mask |= 1U << (lead + axis);
  const Var total = apply(Sum(x.shape(), mask, Keep::yes, false), x);
  return lead == 0 ? total : reshape(total, shape);
}

}  // namespace wengert
