// SPDX-License-Identifier: MIT
// The plain recurrent net over a whole sequence.
#include <vector>

#include "activation.h"
#include "elementwise.h"
#include "layout.h"
#include "linalg.h"
#include "reduce.h"
#include "sequence.h"
#include "sequence_kernels.h"

namespace wengert {

using namespace detail;

namespace {

// f(activation, derivative): v -> y, and (y, g) -> g times the derivative, over lanes or Var.
template <class F>
void with_activation(SequenceActivation kind, F f) {
  switch (kind) {
    case SequenceActivation::tanh:
      return f([](auto v) { return tanh(v); }, [](auto y, auto g) { return g * (1.0 - y * y); });
    case SequenceActivation::relu:  // written so that NaN stays NaN
      return f([](auto v) { return where(v <= 0.0, 0.0, v); },
               [](auto y, auto g) { return where(y > 0.0, g, 0.0); });
    case SequenceActivation::sigmoid:
      return f([](auto v) { return sigmoid(v); }, [](auto y, auto g) { return g * y * (1.0 - y); });
    case SequenceActivation::identity:
      return f([](auto v) { return v; }, [](auto, auto g) { return g; });
  }
}

class RnnSequence final : public Op {
 public:
  using OnlyPlainMembers = void;
  enum In : std::size_t { x, h0, W_xh, W_hh, b };

  explicit RnnSequence(SequenceActivation activation) : activation_(activation) {}
  std::string_view name() const override { return "rnn_sequence"; }

  Output infer(Operands in) const override {
    check_float(name(), in);
    const SequenceExtents e = checked_extents(name(), in[x], "W_hh", in[W_hh], 1);
    check_operand(name(), "h0", in[h0], {e.batch, e.units}, e);
    check_operand(name(), "W_xh", in[W_xh], {e.units, e.in}, e);
    check_operand(name(), "b", in[b], {e.units}, e);
    return {Shape{e.steps, e.batch, e.units}, in[x].dtype()};
  }

  void forward(Operands in, Tensor& out) const override {
    const SequenceExtents e = sequence_extents(in[x].shape(), in[W_hh].shape());
    dispatch_float(out.dtype(), [&]<class T>(T) {
      T* h = out.mutable_data<T>().data();
      const StepWeight<T> right(in[W_hh]);
      with_activation(activation_, [&](auto activation, auto) {
        const T* previous = in[h0].data<T>().data();
        for (std::size_t t = 0; t < e.steps; ++t, previous = h, h += e.state()) {
          if (t % steps_at_once<T>(e, 1) == 0)
            add_inputs<T>(e, t, std::min(steps_at_once<T>(e, 1), e.steps - t), in, h);
          add_product<T>(e.batch, e.units, e.units, previous, e.units, right.column(0),
                         right.stride, h, e.units);
          transform<T, 1>(e.state(), h, {{{h, true}}}, activation);
        }
      });
    });
  }

  Operand reads(Operand needed) const override {
    Operand result = Operand::output() | Operand::input(W_hh);
    if (needed.has_input(x)) result = result | Operand::input(W_xh);
    if (needed.has_input(W_xh)) result = result | Operand::input(x);
    if (needed.has_input(W_hh)) result = result | Operand::input(h0);
    return result;
  }

  void pullback(Pullback& back) const override {
    if (back.recording())
      return with_activation(activation_,
                             [&](auto, auto derivative) { recorded(back, derivative); });
    dispatch_float(back.cotangent_value().dtype(), [&]<class T>(T) {
      with_activation(activation_, [&](auto, auto derivative) { fused<T>(back, derivative); });
    });
  }

  /// Of relu: whether what it was given is below 0, 0 or above.
  Tensor branches(Operands in, const Tensor& out) const override {
    const SequenceExtents e = sequence_extents(in[x].shape(), in[W_hh].shape());
    if (activation_ != SequenceActivation::relu || out.size() == 0) return {};
    Tensor before = Tensor::empty(out.shape(), out.dtype());
    dispatch_float(out.dtype(), [&]<class T>(T) {
      T* a = before.mutable_data<T>().data();
      add_inputs<T>(e, 0, e.steps, in, a);
      for_previous_states<T>(e, 0, e.steps, in[h0].data<T>().data(), out.data<T>().data(),
                             [&](std::size_t row, std::size_t rows, const T* previous) {
                               add_layer<T>(rows, e.units, e.units, previous,
                                            in[W_hh].data<T>().data(), a + row * e.units, e.units);
                             });
    });
    return sign(Var(before)).value();
  }

  double flops(std::span<const Shape> in, const Shape& out) const override {
    return static_cast<double>(out.size()) * (2.0 * static_cast<double>(in[x][2] + out[2]) + 1.0);
  }

 private:
  /// What some steps get from x and the bias.
  template <class T>
  static void add_inputs(const SequenceExtents& e, std::size_t begin, std::size_t steps,
                         Operands in, T* to) {
    fill_rows<T>(steps * e.batch, e.units, in[b].data<T>().data(), to, e.units);
    add_layer<T>(steps * e.batch, e.units, e.in, in[x].data<T>().data() + begin * e.batch * e.in,
                 in[W_xh].data<T>().data(), to, e.units);
  }

  template <class T, class D>
  static void fused(Pullback& back, D derivative) {
    const SequenceExtents e = sequence_extents(back.input_shape(x), back.input_shape(W_hh));
    const T* h = back.output_value().data<T>().data();
    const T* g = back.cotangent_value().data<T>().data();
    const T* recurrent = back.input_value(W_hh).data<T>().data();
    GradientSum<T> by_x(back, x), by_W_xh(back, W_xh), by_W_hh(back, W_hh), by_b(back, b);

    Tensor carried = zeros({e.batch, e.units}, dtype_of<T>());  // dL/dh_t from the steps after t
    T* carry = carried.mutable_data<T>().data();
    const std::size_t at_once = steps_at_once<T>(e, 1);
    Tensor held = Tensor::empty({at_once, e.batch, e.units}, dtype_of<T>());  // dL/da_t
    T* a = held.mutable_data<T>().data();
    for (std::size_t end = e.steps; end > 0;) {
      const std::size_t begin = end - std::min(end, at_once);
      const std::size_t rows = (end - begin) * e.batch;
      for (std::size_t t = end; t-- > begin;) {
        T* const now = a + (t - begin) * e.state();
        transform<T, 3>(
            e.state(), now, {{{h + t * e.state(), true}, {g + t * e.state(), true}, {carry, true}}},
            [derivative](auto y, auto own, auto later) { return derivative(y, own + later); });
        if (t > 0 || back.needs(h0))
          gemm<T>(Transpose::no, Transpose::no, e.batch, e.units, e.units, now, e.units, recurrent,
                  e.units, T{0}, carry, e.units);
      }
      if (by_W_hh.needed())
        for_previous_states<T>(e, begin, end, back.input_value(h0).data<T>().data(), h,
                               [&](std::size_t row, std::size_t count, const T* previous) {
                                 add_weight_gradient<T>(count, e.units, e.units, a + row * e.units,
                                                        e.units, previous, e.units, by_W_hh.data());
                               });
      if (by_W_xh.needed())
        add_weight_gradient<T>(rows, e.units, e.in, a, e.units,
                               back.input_value(x).data<T>().data() + begin * e.batch * e.in, e.in,
                               by_W_xh.data());
      if (by_x.needed())
        add_product<T>(rows, e.in, e.units, a, e.units, back.input_value(W_xh).data<T>().data(),
                       e.in, by_x.data() + begin * e.batch * e.in, e.in);
      if (by_b.needed()) add_rows<T>(rows, e.units, a, e.units, by_b.data());
      end = begin;
    }
    if (back.needs(h0)) back.to(h0, std::move(carried));
    for (GradientSum<T>* sum : {&by_x, &by_W_xh, &by_W_hh, &by_b}) sum->send();
  }

  template <class D>
  static void recorded(Pullback& back, D derivative) {
    const SequenceExtents e = sequence_extents(back.input_shape(x), back.input_shape(W_hh));
    const Var h = back.output();
    const Var g = back.cotangent();
    const Var recurrent = back.input(W_hh);
    std::vector<Var> by_step(e.steps);
    Var carry;
    for (std::size_t t = e.steps; t-- > 0;) {
      const auto step = static_cast<std::int64_t>(t);
      const Var own = select(g, 0, step);
      by_step[t] = derivative(select(h, 0, step), t + 1 == e.steps ? own : own + carry);
      if (t > 0 || back.needs(h0)) carry = matmul(by_step[t], recurrent);
    }
    // Without steps g is empty and every sum over it 0.
    const Var a = reshape(e.steps == 0 ? g : stack(by_step), Shape{e.rows(), e.units});
    if (back.needs(h0)) back.to(h0, e.steps == 0 ? sum(g, 0) : carry);
    if (back.needs(x)) back.to(x, reshape(matmul(a, back.input(W_xh)), back.input_shape(x)));
    if (back.needs(W_xh))
      back.to(W_xh, matmul(a, reshape(back.input(x), Shape{e.rows(), e.in}), {.left = true}));
    if (back.needs(W_hh))
      back.to(W_hh, matmul(a, reshape(previous_states(back.input(h0), h), Shape{e.rows(), e.units}),
                           {.left = true}));
    if (back.needs(b)) back.to(b, sum(a, 0));
  }

  SequenceActivation activation_;
};

}  // namespace

Var rnn_sequence(const Var& x, const Var& h0, const Var& W_xh, const Var& W_hh, const Var& b,
                 SequenceActivation activation) {
  return apply(RnnSequence(activation), x, h0, W_xh, W_hh, b);
}

}  // namespace wengert
