// SPDX-License-Identifier: MIT
#include "linalg.h"

#include <fmt/format.h>

#include "arithmetic.h"
#include "broadcast.h"
#include "gemm.h"
#include "kernels.h"
#include "reduce.h"

namespace wengert {

using namespace detail;

namespace {

Transpose when(bool transposed) { return transposed ? Transpose::yes : Transpose::no; }

/// Rows and columns of the last two axes as the product sees them.
struct Matrix {
  std::size_t rows;
  std::size_t columns;
  std::size_t leading;  ///< extent of the last axis in memory
};
Matrix matrix(const Shape& shape, bool transposed) {
  const std::size_t rows = shape[shape.rank() - 2];
  const std::size_t columns = shape.back();
  return transposed ? Matrix{columns, rows, columns} : Matrix{rows, columns, columns};
}

Shape batch_of(const Shape& shape) { return Shape({shape.begin(), shape.rank() - 2}); }
Shape with_matrix(Shape batch, std::size_t rows, std::size_t columns) {
  batch.append(rows);
  batch.append(columns);
  return batch;
}

// One product of 2-D operands; `into` is overwritten, or added to.
void multiply(const Tensor& a, const Tensor& b, Transposed transposed, Tensor& into, bool add) {
  const Matrix left = matrix(a.shape(), transposed.left);
  const Matrix right = matrix(b.shape(), transposed.right);
  dispatch_float(into.dtype(), [&]<class T>(T) {
    gemm<T>(when(transposed.left), when(transposed.right), left.rows, right.columns, left.columns,
            a.data<T>().data(), left.leading, b.data<T>().data(), right.leading, add ? T{1} : T{0},
            into.mutable_data<T>().data(), right.columns);
  });
}

// Sends the product of two matrices to input k: into what is gathered there if that can be added
// to, as a recorded product while recording.
void send_product(Pullback& back, std::size_t k, const Var& a, const Var& b,
                  Transposed transposed) {
  if (!back.recording() && a.rank() == 2 && b.rank() == 2) {
    if (Tensor* gathered = back.gathered(k)) {
      multiply(a.value(), b.value(), transposed, *gathered, true);
      return;
    }
  }
  back.to(k, matmul(a, b, transposed));
}

// Each factor's gradient is a product with the other factor.
Operand read_the_other(Operand needed) {
  Operand result = Operand::none();
  if (needed.has_input(0)) result = result | Operand::input(1);
  if (needed.has_input(1)) result = result | Operand::input(0);
  return result;
}

Var as_matrix(const Var& x) {
  if (x.rank() == 2) return x;
  std::size_t rows = 1;  // not size / columns: there may be no columns
  for (std::size_t k = 0; k + 1 < x.rank(); ++k) rows *= x.shape()[k];
  return reshape(x, Shape{rows, x.shape().back()});
}

class Matmul final : public Op {
 public:
  using OnlyPlainMembers = void;
  explicit Matmul(Transposed transposed) : transposed_(transposed) {}
  std::string_view name() const override { return "matmul"; }

  Output infer(Operands in) const override {
    check_float(name(), in);
    const Shape& a = in[0].shape();
    const Shape& b = in[1].shape();
    if (a.rank() < 2 || b.rank() < 2)
      throw ShapeError(
          fmt::format("matmul: operands need two axes or more: {} x {}; see dot, outer "
                      "and linear",
                      to_string(a), to_string(b)));
    const Matrix left = matrix(a, transposed_.left);
    const Matrix right = matrix(b, transposed_.right);
    if (left.columns != right.rows)
      throw ShapeError(fmt::format("matmul: inner dimensions differ: {}{} x {}{}", to_string(a),
                                   transposed_.left ? "^T" : "", to_string(b),
                                   transposed_.right ? "^T" : ""));
    const Shape batch = broadcast_shape(name(), batch_of(a), batch_of(b));
    return {with_matrix(batch, left.rows, right.columns), in[0].dtype()};
  }

  void forward(Operands in, Tensor& out) const override {
    if (in[0].rank() == 2 && in[1].rank() == 2)
      return multiply(in[0], in[1], transposed_, out, false);
    const Matrix left = matrix(in[0].shape(), transposed_.left);
    const Matrix right = matrix(in[1].shape(), transposed_.right);
    const Shape batch = batch_of(out.shape());
    const Shape a_batch = batch_of(in[0].shape());
    const Shape b_batch = batch_of(in[1].shape());
    const BroadcastLoop loop(batch, std::array{&a_batch, &b_batch});
    dispatch_float(out.dtype(), [&]<class T>(T) {
      const T* a = in[0].data<T>().data();
      const T* b = in[1].data<T>().data();
      T* to = out.mutable_data<T>().data();
      loop.for_each_run([&](std::size_t at, const auto& offset) {
        for (std::size_t i = 0; i < loop.run_length(); ++i)
          gemm<T>(
              when(transposed_.left), when(transposed_.right), left.rows, right.columns,
              left.columns, a + (offset[0] + (loop.moves(0) ? i : 0)) * left.rows * left.columns,
              left.leading, b + (offset[1] + (loop.moves(1) ? i : 0)) * right.rows * right.columns,
              right.leading, T{0}, to + (at + i) * left.rows * right.columns, right.columns);
      });
    });
  }

  Operand reads(Operand needed) const override { return read_the_other(needed); }
  double flops(std::span<const Shape> in, const Shape& out) const override {
    return 2.0 * static_cast<double>(out.size() * matrix(in[0], transposed_.left).columns);
  }

  void pullback(Pullback& back) const override {
    const auto [left, right] = transposed_;
    const Var g = back.cotangent();
    if (back.needs(0)) {
      const Var b = back.input(1);
      if (left) send_product(back, 0, b, g, {.left = right, .right = true});
      else send_product(back, 0, g, b, {.right = !right});
    }
    if (!back.needs(1)) return;
    const Var a = back.input(0);
    if (back.input_shape(1).rank() == 2 && a.rank() > 2 && !left) {
      // The batch is only more rows: one product gathers the whole gradient.
      if (right) send_product(back, 1, as_matrix(g), as_matrix(a), {.left = true});
      else send_product(back, 1, as_matrix(a), as_matrix(g), {.left = true});
    } else if (right) {
      send_product(back, 1, g, a, {.left = true, .right = left});
    } else {
      send_product(back, 1, a, g, {.left = !left});
    }
  }

 private:
  Transposed transposed_;
};

class Linear final : public Op {
 public:
  std::string_view name() const override { return "linear"; }

  Output infer(Operands in) const override {
    check_float(name(), in);
    const Shape& x = in[0].shape();
    const Shape& weight = in[1].shape();
    if (weight.rank() != 2)
      throw ShapeError(
          fmt::format("linear: the weight has shape {}, not [out, in]", to_string(weight)));
    if (x.rank() == 0 || x.back() != weight[1])
      throw ShapeError(
          fmt::format("linear: x {} does not fit weight {}: the last axis of x has to be {}",
                      to_string(x), to_string(weight), weight[1]));
    if (in.size() == 3 && in[2].shape() != Shape{weight[0]})
      throw ShapeError(fmt::format("linear: bias {} does not fit weight {}",
                                   to_string(in[2].shape()), to_string(weight)));
    return {x.with(x.rank() - 1, weight[0]), in[0].dtype()};
  }

  void forward(Operands in, Tensor& out) const override {
    const std::size_t outs = in[1].shape()[0];
    const std::size_t ins = in[1].shape()[1];
    const std::size_t rows = outs == 0 ? 0 : out.size() / outs;
    dispatch_float(out.dtype(), [&]<class T>(T) {
      T* to = out.mutable_data<T>().data();
      if (in.size() == 3) {
        const T* bias = in[2].data<T>().data();
        for (std::size_t row = 0; row < rows; ++row) std::copy(bias, bias + outs, to + row * outs);
      }
      gemm<T>(Transpose::no, Transpose::yes, rows, outs, ins, in[0].data<T>().data(), ins,
              in[1].data<T>().data(), ins, in.size() == 3 ? T{1} : T{0}, to, outs);
    });
  }

  Operand reads(Operand needed) const override { return read_the_other(needed); }
  double flops(std::span<const Shape> in, const Shape& out) const override {
    return 2.0 * static_cast<double>(out.size() * in[1][1]) +
           (in.size() == 3 ? static_cast<double>(out.size()) : 0.0);
  }

  void pullback(Pullback& back) const override {
    const Var g = as_matrix(back.cotangent());
    if (back.needs(0)) {
      if (back.input_shape(0).rank() == 2) send_product(back, 0, g, back.input(1), {});
      else back.to(0, reshape(matmul(g, back.input(1)), back.input_shape(0)));
    }
    if (back.needs(1)) send_product(back, 1, g, as_matrix(back.input(0)), {.left = true});
    if (back.input_count() == 3 && back.needs(2)) back.to(2, sum_to(g, back.input_shape(2)));
  }
};

}  // namespace

Var matmul(const Var& a, const Var& b, Transposed transposed) {
  return apply(Matmul(transposed), a, b);
}

Var linear(const Var& x, const Var& weight, const Var& bias) {
  static const Linear op;
  return apply_static(op, x, weight, bias);
}
Var linear(const Var& x, const Var& weight) {
  static const Linear op;
  return apply_static(op, x, weight);
}

Var dot(const Var& a, const Var& b) {
  if (a.rank() != 1 || a.shape() != b.shape())
    throw ShapeError(fmt::format("dot: takes two vectors of equal length, got {} and {}",
                                 to_string(a.shape()), to_string(b.shape())));
  return sum(a * b);
}
Var outer(const Var& a, const Var& b) {
  if (a.rank() != 1 || b.rank() != 1)
    throw ShapeError(fmt::format("outer: takes two vectors, got {} and {}", to_string(a.shape()),
                                 to_string(b.shape())));
  return reshape(a, Shape{a.size(), 1}) * reshape(b, Shape{1, b.size()});
}

}  // namespace wengert
