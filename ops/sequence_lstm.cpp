// SPDX-License-Identifier: MIT
// The LSTM over a whole sequence.
#include <array>
#include <utility>
#include <vector>

#include "activation.h"
#include "layout.h"
#include "linalg.h"
#include "reduce.h"
#include "sequence.h"
#include "sequence_kernels.h"
#include "sequence_lstm_kernels.h"

namespace wengert {

using namespace detail;

namespace {

/// Gives out six blocks of [T, B, n]: h, c, and i f g o of each row side by side, [T, B, 4n], which
/// the way back would otherwise have to compute again.
class LstmSequence final : public Op {
 public:
  enum In : std::size_t { x, h0, c0, W_x, W_h, b };
  static constexpr std::size_t gates = 4;

  std::string_view name() const override { return "lstm_sequence"; }

  Output infer(Operands in) const override {
    check_float(name(), in);
    const SequenceExtents e = checked_extents(name(), in[x], "W_h", in[W_h], gates);
    check_operand(name(), "h0", in[h0], {e.batch, e.units}, e);
    check_operand(name(), "c0", in[c0], {e.batch, e.units}, e);
    check_operand(name(), "W_x", in[W_x], {gates * e.units, e.in}, e);
    check_operand(name(), "b", in[b], {gates * e.units}, e);
    return {Shape{2 + gates, e.steps, e.batch, e.units}, in[x].dtype()};
  }

  void forward(Operands in, Tensor& out) const override {
    const SequenceExtents e = sequence_extents(in[x].shape(), in[W_h].shape());
    const std::size_t n = e.units;
    dispatch_float(out.dtype(), [&]<class T>(T) {
      T* h = out.mutable_data<T>().data();
      T* c = h + e.steps * e.state();
      T* a = c + e.steps * e.state();
      const StepWeight<T> right(in[W_h]);
      const T* h_before = in[h0].data<T>().data();
      const T* c_before = in[c0].data<T>().data();
      for (std::size_t t = 0; t < e.steps; ++t) {
        if (t % steps_at_once<T>(e, gates) == 0) add_inputs<T>(e, t, in, a);
        add_product<T>(e.batch, gates * n, n, h_before, n, right.column(0), right.stride, a,
                       gates * n);
        lstm_rows<T>(e.batch, n, c_before, a, c, h);
        h_before = h;
        c_before = c;
        h += e.state();
        c += e.state();
        a += gates * e.state();
      }
    });
  }

  Operand reads(Operand needed) const override {
    Operand result = Operand::output() | Operand::input(W_h) | Operand::input(c0);
    if (needed.has_input(x)) result = result | Operand::input(W_x);
    if (needed.has_input(W_x)) result = result | Operand::input(x);
    if (needed.has_input(W_h)) result = result | Operand::input(h0);
    return result;
  }

  void pullback(Pullback& back) const override {
    if (back.recording()) return recorded(back);
    dispatch_float(back.cotangent_value().dtype(), [&]<class T>(T) { fused<T>(back); });
  }

  double flops(std::span<const Shape> in, const Shape& out) const override {
    const auto values = static_cast<double>(out[1] * out[2] * out[3]);
    return values * (gates * (2.0 * static_cast<double>(in[x][2] + out[3]) + 1.0) + 4.0);
  }

 private:
  /// What the gates of the steps from `begin` get from x and the bias.
  template <class T>
  static void add_inputs(const SequenceExtents& e, std::size_t begin, Operands in, T* a) {
    const std::size_t rows = std::min(steps_at_once<T>(e, gates), e.steps - begin) * e.batch;
    fill_rows<T>(rows, gates * e.units, in[b].data<T>().data(), a, gates * e.units);
    add_layer<T>(rows, gates * e.units, e.in, in[x].data<T>().data() + begin * e.batch * e.in,
                 in[W_x].data<T>().data(), a, gates * e.units);
  }

  template <class T>
  static void fused(Pullback& back) {
    const SequenceExtents e = sequence_extents(back.input_shape(x), back.input_shape(W_h));
    const std::size_t n = e.units;
    const std::size_t all = e.steps * e.state();
    const T* h = back.output_value().data<T>().data();
    const T* by_h = back.cotangent_value().data<T>().data();
    const T* initial_c = back.input_value(c0).data<T>().data();
    const T* recurrent = back.input_value(W_h).data<T>().data();
    GradientSum<T> by_x(back, x), by_W_x(back, W_x), by_W_h(back, W_h), by_b(back, b);

    Tensor carried_h = zeros({e.batch, n}, dtype_of<T>());  // from the steps after t
    Tensor carried_c = zeros({e.batch, n}, dtype_of<T>());
    T* carry_h = carried_h.mutable_data<T>().data();
    T* carry_c = carried_c.mutable_data<T>().data();
    const std::size_t at_once = steps_at_once<T>(e, gates);
    Tensor held = Tensor::empty({at_once, e.batch, gates * n}, dtype_of<T>());
    T* a = held.mutable_data<T>().data();
    for (std::size_t end = e.steps; end > 0;) {
      const std::size_t begin = end - std::min(end, at_once);
      const std::size_t rows = (end - begin) * e.batch;
      for (std::size_t t = end; t-- > begin;) {
        T* const now = a + (t - begin) * gates * e.state();
        const std::size_t at = t * e.state();
        lstm_rows_back<T>(e.batch, n,
                          {.gates = h + 2 * all + gates * at,
                           .c = h + all + at,
                           .c_before = t == 0 ? initial_c : h + all + at - e.state(),
                           .by_gates = by_h + 2 * all + gates * at,
                           .by_c = by_h + all + at,
                           .by_h = by_h + at,
                           .later_h = carry_h},
                          carry_c, now);
        if (t > 0 || back.needs(h0))
          gemm<T>(Transpose::no, Transpose::no, e.batch, n, gates * n, now, gates * n, recurrent, n,
                  T{0}, carry_h, n);
      }
      if (by_W_h.needed())
        for_previous_states<T>(e, begin, end, back.input_value(h0).data<T>().data(), h,
                               [&](std::size_t row, std::size_t count, const T* previous) {
                                 add_weight_gradient<T>(count, gates * n, n, a + row * gates * n,
                                                        gates * n, previous, n, by_W_h.data());
                               });
      if (by_W_x.needed())
        add_weight_gradient<T>(rows, gates * n, e.in, a, gates * n,
                               back.input_value(x).data<T>().data() + begin * e.batch * e.in, e.in,
                               by_W_x.data());
      if (by_x.needed())
        add_product<T>(rows, e.in, gates * n, a, gates * n, back.input_value(W_x).data<T>().data(),
                       e.in, by_x.data() + begin * e.batch * e.in, e.in);
      if (by_b.needed()) add_rows<T>(rows, gates * n, a, gates * n, by_b.data());
      end = begin;
    }
    if (back.needs(h0)) back.to(h0, std::move(carried_h));
    if (back.needs(c0)) back.to(c0, std::move(carried_c));
    for (GradientSum<T>* sum : {&by_x, &by_W_x, &by_W_h, &by_b}) sum->send();
  }

  static void recorded(Pullback& back) {
    const SequenceExtents e = sequence_extents(back.input_shape(x), back.input_shape(W_h));
    const Parts value(back.output(), e);
    const Parts by(back.cotangent(), e);
    const Var recurrent = back.input(W_h);
    std::vector<Var> by_step(e.steps);
    Var carry_h;
    Var carry_c;
    for (std::size_t t = e.steps; t-- > 0;) {
      const auto at = static_cast<std::int64_t>(t);
      const bool last = t + 1 == e.steps;
      const auto own = [at](const Var& states) { return select(states, 0, at); };
      const auto [i, f, g, o, before_c] = lstm_step_back<Var>(
          {value.gate(t, 0), value.gate(t, 1), value.gate(t, 2), value.gate(t, 3), own(value.c),
           t == 0 ? back.input(c0) : select(value.c, 0, at - 1), by.gate(t, 0), by.gate(t, 1),
           by.gate(t, 2), by.gate(t, 3), last ? own(by.c) : own(by.c) + carry_c,
           last ? own(by.h) : own(by.h) + carry_h});
      by_step[t] = concat({i, f, g, o}, 1);
      carry_c = before_c;
      if (t > 0 || back.needs(h0)) carry_h = matmul(by_step[t], recurrent);
    }
    // Without steps by.gates is empty and every sum over it 0.
    const Var a =
        reshape(e.steps == 0 ? by.gates : stack(by_step), Shape{e.rows(), gates * e.units});
    if (back.needs(h0)) back.to(h0, e.steps == 0 ? sum(by.h, 0) : carry_h);
    if (back.needs(c0)) back.to(c0, e.steps == 0 ? sum(by.c, 0) : carry_c);
    if (back.needs(x)) back.to(x, reshape(matmul(a, back.input(W_x)), back.input_shape(x)));
    if (back.needs(W_x))
      back.to(W_x, matmul(a, reshape(back.input(x), Shape{e.rows(), e.in}), {.left = true}));
    if (back.needs(W_h))
      back.to(W_h,
              matmul(a, reshape(previous_states(back.input(h0), value.h), Shape{e.rows(), e.units}),
                     {.left = true}));
    if (back.needs(b)) back.to(b, sum(a, 0));
  }

  /// The output, or its cotangent, in parts.
  struct Parts {
    Parts(const Var& stacked, const SequenceExtents& e)
        : h(select(stacked, 0, 0)),
          c(select(stacked, 0, 1)),
          gates(reshape(slice(stacked, 0, 2, 2 + LstmSequence::gates),
                        Shape{e.steps, e.batch, LstmSequence::gates, e.units})) {}
    Var gate(std::size_t t, std::int64_t k) const {
      return select(select(gates, 0, static_cast<std::int64_t>(t)), 1, k);
    }
    Var h, c, gates;
  };
};

}  // namespace

HiddenAndCell lstm_sequence(const Var& x, const Var& h0, const Var& c0, const Var& W_x,
                            const Var& W_h, const Var& b) {
  static const LstmSequence op;
  const Var parts = apply_static(op, x, h0, c0, W_x, W_h, b);
  return {select(parts, 0, 0), select(parts, 0, 1)};
}

}  // namespace wengert
