// SPDX-License-Identifier: MIT
#include "softmax.h"

#include <fmt/format.h>

#include "arithmetic.h"
#include "elementwise.h"
#include "indexing.h"
#include "kernels.h"
#include "layout.h"
#include "reduce.h"
#include "reduce_kernels.h"

namespace wengert {

using namespace detail;

namespace {

// Of one row: the largest element (0 if it is infinite) and ln sum e^(x - largest).
template <class T>
struct RowSum {
  T largest;
  T total;
};

template <class T>
RowSum<T> row_exponentials(const T* x, T* out, std::size_t count) {
  T largest = reduce_row<Extremum<true>>(x, count);
  if (std::isinf(largest)) largest = 0;
  transform<T, 1>(count, out, {{{x, true}}},
                  [m = Lanes<T>(largest)](auto v) { return exp(v - m); });
  return {largest, reduce_row<Adding>(out, count)};
}

Op::Output infer_rows(std::string_view name, const Tensor& x) {
  if (x.rank() == 0 || x.shape().back() == 0)
    throw ShapeError(fmt::format("{}: needs an axis with at least one class, got {}", name,
                                 to_string(x.shape())));
  return {x.shape(), x.dtype()};
}

class Softmax final : public Op {
 public:
  std::string_view name() const override { return "softmax"; }
  Output infer(Operands in) const override {
    check_float(name(), in);
    return infer_rows(name(), in[0]);
  }
  void forward(Operands in, Tensor& out) const override {
    const std::size_t count = out.shape().back();
    dispatch_float(out.dtype(), [&]<class T>(T) {
      const T* x = in[0].data<T>().data();
      T* y = out.mutable_data<T>().data();
      for (std::size_t at = 0; at < out.size(); at += count) {
        const T total = row_exponentials(x + at, y + at, count).total;
        transform<T, 1>(count, y + at, {{{y + at, true}}},
                        [s = Lanes<T>(total)](auto v) { return v / s; });
      }
    });
  }
  Operand reads(Operand) const override { return Operand::output(); }
  void pullback(Pullback& back) const override {
    const Var y = back.output();
    const Var g = back.cotangent();
    back.to(0, y * (g - sum(g * y, -1, keep_axes)));
  }
};

class LogSoftmax final : public Op {
 public:
  std::string_view name() const override { return "log_softmax"; }
  Output infer(Operands in) const override {
    check_float(name(), in);
    return infer_rows(name(), in[0]);
  }
  void forward(Operands in, Tensor& out) const override {
    const std::size_t count = out.shape().back();
    dispatch_float(out.dtype(), [&]<class T>(T) {
      const T* x = in[0].data<T>().data();
      T* y = out.mutable_data<T>().data();
      for (std::size_t at = 0; at < out.size(); at += count) {
        const RowSum<T> row = row_exponentials(x + at, y + at, count);
        const Lanes<T> largest(row.largest);
        const Lanes<T> log_total(std::log(row.total));
        transform<T, 1>(count, y + at, {{{x + at, true}}},
                        [=](auto v) { return (v - largest) - log_total; });
      }
    });
  }
  Operand reads(Operand) const override { return Operand::output(); }
  void pullback(Pullback& back) const override {
    const Var g = back.cotangent();
    back.to(0, g - exp(back.output()) * sum(g, -1, keep_axes));
  }
};

class SoftmaxCrossEntropy final : public Op {
 public:
  std::string_view name() const override { return "cross_entropy"; }
  Output infer(Operands in) const override {
    check_float(name(), Operands(std::array{&in[0]}));
    const Shape rows = infer_rows(name(), in[0]).shape.without(in[0].rank() - 1);
    if (in[1].dtype() != i64)
      throw DTypeError(
          fmt::format("cross_entropy: labels are i64, got {}", to_string(in[1].dtype())));
    if (in[1].shape() != rows)
      throw ShapeError(fmt::format("cross_entropy: logits {} take labels {}, got {}",
                                   to_string(in[0].shape()), to_string(rows),
                                   to_string(in[1].shape())));
    return {rows, in[0].dtype()};
  }
  void forward(Operands in, Tensor& out) const override {
    const std::size_t classes = in[0].shape().back();
    const std::span<const std::int64_t> labels = in[1].data<std::int64_t>();
    dispatch_float(out.dtype(), [&]<class T>(T) {
      const T* x = in[0].data<T>().data();
      const std::span<T> loss = out.mutable_data<T>();
      Tensor scratch = Tensor::empty({classes}, out.dtype());
      T* exponentials = scratch.mutable_data<T>().data();
      for (std::size_t row = 0; row < loss.size(); ++row, x += classes) {
        const auto label = static_cast<std::size_t>(labels[row]);
        if (labels[row] < 0 || label >= classes)
          throw ValueError(fmt::format("cross_entropy: label {} at row {} is outside [0, {})",
                                       labels[row], row, classes));
        const RowSum<T> sums = row_exponentials(x, exponentials, classes);
        loss[row] = std::log(sums.total) - (x[label] - sums.largest);
      }
    });
  }
  Operand reads(Operand) const override { return Operand::input(0) | Operand::input(1); }
  void pullback(Pullback& back) const override {
    if (!back.needs(0)) return;
    const Var x = back.input(0);
    const Var hit = one_hot(back.input(1), x.shape().back(), x.dtype());
    const Var g = back.cotangent();
    Shape column = g.shape();
    column.append(1);
    back.to(0, (softmax(x) - hit) * reshape(g, column));
  }
};

// The kernels know the last axis only.
template <class F>
Var along(const char* name, const Var& x, std::int64_t axis, F f) {
  const std::size_t at = normalized_axis(name, axis, x.rank());
  if (at + 1 == x.rank()) return f(x);
  const auto last = static_cast<std::int64_t>(x.rank()) - 1;
  return transpose(f(transpose(x, static_cast<std::int64_t>(at), last)),
                   static_cast<std::int64_t>(at), last);
}

}  // namespace

Var softmax(const Var& x, std::int64_t axis) {
  static const Softmax op;
  return along("softmax", x, axis, [](const Var& rows) { return apply_static(op, rows); });
}
Var log_softmax(const Var& x, std::int64_t axis) {
  static const LogSoftmax op;
  return along("log_softmax", x, axis, [](const Var& rows) { return apply_static(op, rows); });
}

Var softmax_cross_entropy(const Var& logits, const Var& labels) {
  static const SoftmaxCrossEntropy op;
  return apply_static(op, logits, labels);
}
Var softmax_cross_entropy_with_distribution(const Var& logits, const Var& targets) {
  if (logits.shape() != targets.shape())
    throw ShapeError(
        fmt::format("cross_entropy: logits {} and target distributions {} differ; class "
                    "labels are i64, e.g. labels({{0, 1}})",
                    to_string(logits.shape()), to_string(targets.shape())));
  return -sum(targets * log_softmax(logits), -1);
}

}  // namespace wengert
