// SPDX-License-Identifier: MIT
// The GRU over a whole sequence, in both conventions.
#include <array>
#include <utility>
#include <vector>

#include "activation.h"
#include "layout.h"
#include "linalg.h"
#include "reduce.h"
#include "sequence.h"
#include "sequence_gru_kernels.h"
#include "sequence_kernels.h"

namespace wengert {

using namespace detail;

namespace {

/// Gives out five blocks of [T, B, n]: h, and r z q n of each row side by side, [T, B, 4n], which
/// the way back would otherwise have to compute again. q is the recurrent part of n: W_hn h + b_hn
/// that r multiplies, or r h that W_hn multiplies.
class GruSequence final : public Op {
 public:
  using OnlyPlainMembers = void;
  enum In : std::size_t { x, h0, W_x, W_h, b_x, b_h };
  enum Block : std::size_t { r, z, q, n };
  static constexpr std::size_t gates = 3;
  static constexpr std::size_t blocks = 4;

  explicit GruSequence(GruConvention convention)
      : after_(convention == GruConvention::reset_after) {}
  std::string_view name() const override { return "gru_sequence"; }

  Output infer(Operands in) const override {
    check_float(name(), in);
    const SequenceExtents e = checked_extents(name(), in[x], "W_h", in[W_h], gates);
    check_operand(name(), "h0", in[h0], {e.batch, e.units}, e);
    check_operand(name(), "W_x", in[W_x], {gates * e.units, e.in}, e);
    check_operand(name(), "b_x", in[b_x], {gates * e.units}, e);
    check_operand(name(), "b_h", in[b_h], {gates * e.units}, e);
    return {Shape{1 + blocks, e.steps, e.batch, e.units}, in[x].dtype()};
  }

  void forward(Operands in, Tensor& out) const override {
    dispatch_float(out.dtype(), [&]<class T>(T) { compute<T>(in, out); });
  }

  Operand reads(Operand needed) const override {
    Operand result = Operand::output() | Operand::input(W_h) | Operand::input(h0);
    if (needed.has_input(x)) result = result | Operand::input(W_x);
    if (needed.has_input(W_x)) result = result | Operand::input(x);
    return result;
  }

  void pullback(Pullback& back) const override {
    if (back.recording()) return recorded(back);
    dispatch_float(back.cotangent_value().dtype(), [&]<class T>(T) { fused<T>(back); });
  }

  double flops(std::span<const Shape> in, const Shape& out) const override {
    const auto values = static_cast<double>(out[1] * out[2] * out[3]);
    return values * (gates * (2.0 * static_cast<double>(in[x][2] + out[3]) + 2.0) + 5.0);
  }

 private:
  template <class T>
  void compute(Operands in, Tensor& out) const {
    const SequenceExtents e = sequence_extents(in[x].shape(), in[W_h].shape());
    const std::size_t u = e.units;
    const std::size_t wide = blocks * u;
    T* h = out.mutable_data<T>().data();
    T* a = h + e.steps * e.state();
    const Tensor bias = summed_bias<T>(e, in);
    const StepWeight<T> right(in[W_h]);
    const T* before = in[h0].data<T>().data();
    for (std::size_t t = 0; t < e.steps; ++t, before = h, h += e.state(), a += e.batch * wide) {
      if (t % steps_at_once<T>(e, blocks) == 0) add_inputs<T>(e, t, in, bias.data<T>().data(), a);
      add_product<T>(e.batch, after_ ? 3 * u : 2 * u, u, before, u, right.column(0), right.stride,
                     a, wide);
      if (after_) {
        gru_rows<T>(e.batch, u, before, a, h);
      } else {
        gru_rows_reset<T>(e.batch, u, before, a);
        add_product<T>(e.batch, u, u, a + q * u, wide, right.column(2 * u), right.stride, a + n * u,
                       wide);
        gru_rows_mix<T>(e.batch, u, before, a, h);
      }
    }
  }

  /// Of the four blocks.
  template <class T>
  Tensor summed_bias(const SequenceExtents& e, Operands in) const {
    const std::size_t u = e.units;
    const T* from_x = in[b_x].data<T>().data();
    const T* from_h = in[b_h].data<T>().data();
    Tensor bias = zeros({blocks * u}, dtype_of<T>());
    T* to = bias.mutable_data<T>().data();
    for (std::size_t k = 0; k < 2 * u; ++k) to[k] = from_x[k] + from_h[k];
    for (std::size_t k = 2 * u; k < 3 * u; ++k) {
      to[u + k] = after_ ? from_x[k] : from_x[k] + from_h[k];
      if (after_) to[k] = from_h[k];
    }
    return bias;
  }

  /// What the blocks of the steps from `begin` get from x and the biases.
  template <class T>
  static void add_inputs(const SequenceExtents& e, std::size_t begin, Operands in, const T* bias,
                         T* a) {
    const std::size_t u = e.units;
    const std::size_t rows = std::min(steps_at_once<T>(e, blocks), e.steps - begin) * e.batch;
    fill_rows<T>(rows, blocks * u, bias, a, blocks * u);
    const T* from = in[x].data<T>().data() + begin * e.batch * e.in;
    const T* weight = in[W_x].data<T>().data();
    add_layer<T>(rows, 2 * u, e.in, from, weight, a, blocks * u);
    add_layer<T>(rows, u, e.in, from, weight + 2 * u * e.in, a + n * u, blocks * u);
  }

  template <class T>
  void fused(Pullback& back) const {
    const SequenceExtents e = sequence_extents(back.input_shape(x), back.input_shape(W_h));
    const std::size_t u = e.units;
    const std::size_t wide = blocks * u;
    const std::size_t all = e.steps * e.state();
    const T* h = back.output_value().data<T>().data();
    const T* by_h = back.cotangent_value().data<T>().data();
    const T* initial = back.input_value(h0).data<T>().data();
    const T* recurrent = back.input_value(W_h).data<T>().data();
    GradientSum<T> by_x(back, x), by_W_x(back, W_x), by_W_h(back, W_h), by_b_x(back, b_x),
        by_b_h(back, b_h);

    Tensor carried = zeros({e.batch, u}, dtype_of<T>());  // from the steps after t
    T* carry = carried.mutable_data<T>().data();
    const std::size_t at_once = steps_at_once<T>(e, blocks);
    Tensor held = Tensor::empty({at_once, e.batch, wide}, dtype_of<T>());
    T* a = held.mutable_data<T>().data();
    for (std::size_t end = e.steps; end > 0;) {
      const std::size_t begin = end - std::min(end, at_once);
      const std::size_t rows = (end - begin) * e.batch;
      for (std::size_t t = end; t-- > begin;) {
        const std::size_t at = t * e.state();
        T* const now = a + (t - begin) * e.batch * wide;
        const GruRows<T> from{.before = t == 0 ? initial : h + at - e.state(),
                              .y = h + all + blocks * at,
                              .by_y = by_h + all + blocks * at,
                              .by_h = by_h + at};
        if (after_) {
          gru_rows_back<T>(e.batch, u, from, carry, now);
        } else {
          gru_rows_mix_back<T>(e.batch, u, from, carry, now);
          gemm<T>(Transpose::no, Transpose::no, e.batch, u, u, now + n * u, wide,
                  recurrent + 2 * u * u, u, T{0}, now + q * u, wide);
          gru_rows_reset_back<T>(e.batch, u, from, carry, now);
        }
        if (t > 0 || back.needs(h0))
          add_product<T>(e.batch, u, after_ ? 3 * u : 2 * u, now, wide, recurrent, u, carry, u);
      }
      if (by_W_h.needed()) {
        for_previous_states<T>(
            e, begin, end, initial, h, [&](std::size_t row, std::size_t count, const T* previous) {
              add_weight_gradient<T>(count, after_ ? 3 * u : 2 * u, u, a + row * wide, wide,
                                     previous, u, by_W_h.data());
            });
        if (!after_)
          add_weight_gradient<T>(rows, u, u, a + n * u, wide,
                                 h + all + blocks * begin * e.state() + q * u, wide,
                                 by_W_h.data() + 2 * u * u);
      }
      if (by_W_x.needed()) {
        const T* from = back.input_value(x).data<T>().data() + begin * e.batch * e.in;
        add_weight_gradient<T>(rows, 2 * u, e.in, a, wide, from, e.in, by_W_x.data());
        add_weight_gradient<T>(rows, u, e.in, a + n * u, wide, from, e.in,
                               by_W_x.data() + 2 * u * e.in);
      }
      if (by_x.needed()) {
        const T* weight = back.input_value(W_x).data<T>().data();
        T* to = by_x.data() + begin * e.batch * e.in;
        add_product<T>(rows, e.in, 2 * u, a, wide, weight, e.in, to, e.in);
        add_product<T>(rows, e.in, u, a + n * u, wide, weight + 2 * u * e.in, e.in, to, e.in);
      }
      for (GradientSum<T>* bias : {&by_b_x, &by_b_h}) {
        if (!bias->needed()) continue;
        add_rows<T>(rows, 2 * u, a, wide, bias->data());
        add_rows<T>(rows, u, a + (bias == &by_b_h && after_ ? q : n) * u, wide,
                    bias->data() + 2 * u);
      }
      end = begin;
    }
    if (back.needs(h0)) back.to(h0, std::move(carried));
    for (GradientSum<T>* sum : {&by_x, &by_W_x, &by_W_h, &by_b_x, &by_b_h}) sum->send();
  }

  void recorded(Pullback& back) const {
    const SequenceExtents e = sequence_extents(back.input_shape(x), back.input_shape(W_h));
    const auto u = static_cast<std::int64_t>(e.units);
    const Parts value(back.output(), e);
    const Parts by(back.cotangent(), e);
    const Var recurrent = back.input(W_h);
    const Var fresh_weight = slice(recurrent, 0, 2 * u, 3 * u);
    const Var gate_weight = slice(recurrent, 0, 0, 2 * u);
    std::vector<Var> by_r_z(e.steps), by_q(e.steps), by_n(e.steps);
    Var carry;
    for (std::size_t t = e.steps; t-- > 0;) {
      const auto at = static_cast<std::int64_t>(t);
      const Var before = t == 0 ? back.input(h0) : select(value.h, 0, at - 1);
      const Var own = select(by.h, 0, at);
      const Var reset = value.block(t, r);
      const GruMix<Var> mix =
          gru_mix_back<Var>(value.block(t, z), value.block(t, n), before, by.block(t, z),
                            by.block(t, n), t + 1 == e.steps ? own : own + carry);
      by_n[t] = mix.a_n;
      by_q[t] = by.block(t, q) + (after_ ? mix.a_n * reset : matmul(mix.a_n, fresh_weight));
      const Var a_r = through_sigmoid<Var>(
          reset, by.block(t, r) + (after_ ? mix.a_n * value.block(t, q) : by_q[t] * before));
      by_r_z[t] = concat({a_r, mix.a_z}, 1);
      carry = mix.before + matmul(by_r_z[t], gate_weight) +
              (after_ ? matmul(by_q[t], fresh_weight) : by_q[t] * reset);
    }
    if (back.needs(h0)) back.to(h0, e.steps == 0 ? sum(by.h, 0) : carry);
    // Without steps the cotangent's parts are empty and every sum over them 0.
    const auto all = [&](const std::vector<Var>& steps, const Var& none, std::size_t columns) {
      return reshape(steps.empty() ? none : stack(steps), Shape{e.rows(), columns});
    };
    const Var none = e.steps == 0 ? by.h : Var();
    const Var a_r_z = all(by_r_z, e.steps == 0 ? concat({none, none}, 2) : none, 2 * e.units);
    const Var a_q = all(by_q, none, e.units);
    const Var a_n = all(by_n, none, e.units);
    const Var from_x = concat({a_r_z, a_n}, 1);
    if (back.needs(x)) back.to(x, reshape(matmul(from_x, back.input(W_x)), back.input_shape(x)));
    if (back.needs(W_x))
      back.to(W_x, matmul(from_x, reshape(back.input(x), Shape{e.rows(), e.in}), {.left = true}));
    if (back.needs(W_h)) {
      const Var before =
          reshape(previous_states(back.input(h0), value.h), Shape{e.rows(), e.units});
      const Var linear = reshape(select(value.blocks, 2, q), Shape{e.rows(), e.units});
      back.to(W_h, concat({matmul(a_r_z, before, {.left = true}),
                           after_ ? matmul(a_q, before, {.left = true})
                                  : matmul(a_n, linear, {.left = true})},
                          0));
    }
    if (back.needs(b_x)) back.to(b_x, sum(from_x, 0));
    if (back.needs(b_h)) back.to(b_h, sum(after_ ? concat({a_r_z, a_q}, 1) : from_x, 0));
  }

  /// The output, or its cotangent, in parts.
  struct Parts {
    Parts(const Var& stacked, const SequenceExtents& e)
        : h(select(stacked, 0, 0)),
          blocks(reshape(slice(stacked, 0, 1, 1 + GruSequence::blocks),
                         Shape{e.steps, e.batch, GruSequence::blocks, e.units})) {}
    Var block(std::size_t t, std::size_t k) const {
      return select(select(blocks, 0, static_cast<std::int64_t>(t)), 1,
                    static_cast<std::int64_t>(k));
    }
    Var h, blocks;
  };

  bool after_;
};

}  // namespace

Var gru_sequence(const Var& x, const Var& h0, const Var& W_x, const Var& W_h, const Var& b_x,
                 const Var& b_h, GruConvention convention) {
  return select(apply(GruSequence(convention), x, h0, W_x, W_h, b_x, b_h), 0, 0);
}

}  // namespace wengert
