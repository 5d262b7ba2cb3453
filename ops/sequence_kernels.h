// SPDX-License-Identifier: MIT
// What the ops of sequence.h have in common: their shapes, the products of a step and of many, and
// where gradients go. Internal: included by the sources of ops/ only.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "gemm.h"
#include "gemm_plain.h"
#include "kernels.h"

namespace wengert::detail {

struct SequenceExtents {
  std::size_t steps;
  std::size_t batch;
  std::size_t in;
  std::size_t units;

  std::size_t rows() const { return steps * batch; }
  std::size_t state() const { return batch * units; }
};

/// Of operands x [T, B, in] and W [gates n, n], without looking at the others.
SequenceExtents sequence_extents(const Shape& x, const Shape& recurrent);

/// Checks these two. Errors: ShapeError naming the weight.
SequenceExtents checked_extents(std::string_view op, const Tensor& x, std::string_view weight,
                                const Tensor& recurrent, std::size_t gates);
/// Checks one of the others. Errors: ShapeError.
void check_operand(std::string_view op, std::string_view what, const Tensor& operand,
                   const Shape& wanted, const SequenceExtents& extents);

/// A weight [m, n] transposed, [n, m] with a distance between its rows: a step multiplies fastest
/// with it, and with rows that are no power of two apart.
template <class T>
struct StepWeight {
  explicit StepWeight(const Tensor& weight)
      : stride(weight.shape()[0] + 64 / sizeof(T)),
        memory(Tensor::empty({weight.shape()[1], stride}, weight.dtype())) {
    const Shape& shape = weight.shape();
    plain_transpose<T>(shape[0], shape[1], weight.data<T>().data(), shape[1], T{0},
                       memory.template mutable_data<T>().data(), stride);
  }
  const T* column(std::size_t k) const { return memory.template data<T>().data() + k; }

  std::size_t stride;
  Tensor memory;
};

/// C [m, n] += A [m, k] B [k, n]; distances between rows as gemm() takes them.
template <class T>
void add_product(std::size_t m, std::size_t n, std::size_t k, const T* A, std::size_t lda,
                 const T* B, std::size_t ldb, T* C, std::size_t ldc) {
  gemm<T>(Transpose::no, Transpose::no, m, n, k, A, lda, B, ldb, T{1}, C, ldc);
}

/// C [rows, n] += x [rows, k] W^T for W [n, k], dense but for C.
template <class T>
void add_layer(std::size_t rows, std::size_t n, std::size_t k, const T* x, const T* W, T* C,
               std::size_t ldc) {
  gemm<T>(Transpose::no, Transpose::yes, rows, n, k, x, k, W, k, T{1}, C, ldc);
}

/// W [n, k] += a^T x for a [rows, n], x [rows, k]: what rows add to a weight's gradient.
template <class T>
void add_weight_gradient(std::size_t rows, std::size_t n, std::size_t k, const T* a,
                         std::size_t lda, const T* x, std::size_t ldx, T* W) {
  gemm<T>(Transpose::yes, Transpose::no, n, k, rows, a, lda, x, ldx, T{1}, W, k);
}

/// sums [n] += the rows of a [rows, n].
template <class T>
void add_rows(std::size_t rows, std::size_t n, const T* a, std::size_t lda, T* sums) {
  std::size_t row = 0;
  for (; row + 4 <= rows; row += 4, a += 4 * lda)
    transform<T, 5>(
        n, sums,
        {{{sums, true}, {a, true}, {a + lda, true}, {a + 2 * lda, true}, {a + 3 * lda, true}}},
        [](auto sum, auto p, auto q, auto r, auto s) { return sum + ((p + q) + (r + s)); });
  for (; row < rows; ++row, a += lda)
    transform<T, 2>(n, sums, {{{sums, true}, {a, true}}}, [](auto sum, auto p) { return sum + p; });
}

/// Every row of to [rows, n] becomes `row`.
template <class T>
void fill_rows(std::size_t rows, std::size_t n, const T* row, T* to, std::size_t ld) {
  for (std::size_t i = 0; i < rows; ++i) std::copy_n(row, n, to + i * ld);
}

/// Steps that are worked on together, each row of them holding `blocks` times the units: enough
/// rows for a good product, few enough that they stay in the second-level cache beside the weight's
/// gradient (512 columns by 128: 165 GF/s with 64 rows, 145 with 256, 70 with 512).
template <class T>
std::size_t steps_at_once(const SequenceExtents& e, std::size_t blocks) {
  const std::size_t bytes = std::max<std::size_t>(blocks * e.units * sizeof(T), 1);
  const std::size_t rows = std::clamp<std::size_t>((std::size_t{128} << 10) / bytes, 64, 256);
  return std::max<std::size_t>(std::min(e.steps, rows / std::max<std::size_t>(e.batch, 1)), 1);
}

/// Where a pullback adds up the gradient of one input: in place where something is gathered, else
/// from zeros.
template <class T>
class GradientSum {
 public:
  GradientSum(Pullback& back, std::size_t k) : back_(back), k_(k) {
    if (!back.needs(k)) return;
    if (Tensor* gathered = back.gathered(k)) {
      data_ = gathered->mutable_data<T>().data();
    } else {
      own_ = zeros(back.input_shape(k), back.input_dtype(k));
      data_ = own_.mutable_data<T>().data();
    }
  }
  /// False if nobody asks for it.
  bool needed() const { return own_.defined() || data_; }
  T* data() { return data_; }
  /// After the last addition.
  void send() {
    if (own_.defined()) back_.to(k_, std::move(own_));
  }

 private:
  Pullback& back_;
  std::size_t k_;
  Tensor own_;
  T* data_ = nullptr;
};

/// f(row, rows, previous) for the stretches of steps [begin, end) whose previous states lie
/// together in memory: `initial` for step 0, `states` for the others; `row` counts from step
/// `begin`.
template <class T, class F>
void for_previous_states(const SequenceExtents& e, std::size_t begin, std::size_t end,
                         const T* initial, const T* states, F f) {
  std::size_t first = begin;
  if (begin == 0) {
    f(std::size_t{0}, e.batch, initial);
    first = 1;
  }
  if (first < end)
    f((first - begin) * e.batch, (end - first) * e.batch, states + (first - 1) * e.state());
}

/// The states before each step, [T, B, n], recorded.
Var previous_states(const Var& initial, const Var& states);

}  // namespace wengert::detail
