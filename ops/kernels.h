// SPDX-License-Identifier: MIT
// The shape of an elementwise op: a forward lambda, and for every input a rule that says what its
// pullback reads. The same lambdas run over SIMD lanes (one fused pass) and over Var (recorded, for
// higher derivatives). Internal: included by the sources of ops/ only.
#pragma once

#include <array>
#include <bit>
#include <string_view>
#include <tuple>

#include "../graph/error.h"
#include "../graph/recording.h"
#include "arithmetic.h"
#include "broadcast.h"
#include "lanes.h"

namespace wengert::detail {

/// Errors: DTypeError if the operands are not all f32 or all f64.
void check_float(std::string_view op, Operands in);

// Which values a rule's lambda takes, in this order: inputs, output, cotangent, constants.
enum class From : unsigned { cotangent = 0, left = 1, right = 2, third = 4, output = 1U << 31 };
constexpr unsigned bits(From from) { return static_cast<unsigned>(from); }

template <unsigned Bits, class F>
struct Rule {
  static constexpr unsigned reads = Bits;
  static constexpr bool passes = false;
  static constexpr bool differentiable = true;
  F f;
};
/// The cotangent goes through unchanged, without a pass over memory.
struct Pass {
  static constexpr unsigned reads = 0;
  static constexpr bool passes = true;
  static constexpr bool differentiable = true;
};
/// No gradient by this input.
struct NoGradient {
  static constexpr unsigned reads = 0;
  static constexpr bool passes = false;
  static constexpr bool differentiable = false;
};

template <class F>
constexpr auto from_cotangent(F f) {
  return Rule<0, F>{f};
}
template <class F>
constexpr auto from_input(F f) {
  return Rule<bits(From::left), F>{f};
}
template <class F>
constexpr auto from_left(F f) {
  return Rule<bits(From::left), F>{f};
}
template <class F>
constexpr auto from_right(F f) {
  return Rule<bits(From::right), F>{f};
}
template <class F>
constexpr auto from_both(F f) {
  return Rule<bits(From::left) | bits(From::right), F>{f};
}
template <class F>
constexpr auto from_output(F f) {
  return Rule<bits(From::output), F>{f};
}
/// Runs `f` over broadcast operands of element type T into `out`.
template <class T, std::size_t N, class F>
void broadcast_transform(Tensor& out, const std::array<const Tensor*, N>& operands, F f) {
  T* to = out.mutable_data<T>().data();
  std::array<Stream<T>, N> streams{};
  bool one_run = true;
  for (std::size_t k = 0; k < N; ++k) {
    streams[k] = {operands[k]->template data<T>().data(),
                  operands[k]->size() != 1 || out.size() == 1};
    one_run &= operands[k]->size() == 1 || operands[k]->shape() == out.shape();
  }
  if (one_run) return transform(out.size(), to, streams, f);
  std::array<const Shape*, N> shapes;
  for (std::size_t k = 0; k < N; ++k) shapes[k] = &operands[k]->shape();
  const BroadcastLoop loop(out.shape(), shapes);
  loop.for_each_run([&](std::size_t at, const auto& offsets) {
    for (std::size_t k = 0; k < N; ++k)
      streams[k] = {operands[k]->template data<T>().data() + offsets[k], loop.moves(k)};
    transform(loop.run_length(), to + at, streams, f);
  });
}

/// Which way each element went (Op::branches), by operands and constants; null where an op is
/// smooth.
using Sides = Var (*)(Operands in, std::span<const double> constants);
/// Below 0, 0 or above.
Var sign_of(Operands in, std::span<const double>);

template <std::size_t Constants, class Forward, class... Rules>
class Elementwise final : public Op {
 public:
  using OnlyPlainMembers = void;
  static constexpr std::size_t arity = sizeof...(Rules);
  static constexpr bool has_gradient = (Rules::differentiable || ...);

  Elementwise(std::string_view name, std::array<double, Constants> constants, Sides sides,
              Forward forward, Rules... rules)
      : name_(name), constants_(constants), sides_(sides), forward_(forward), rules_(rules...) {}

  std::string_view name() const override { return name_; }
  bool differentiable() const override { return has_gradient; }
  bool takes_narrow_cotangent() const override { return true; }
  Tensor branches(Operands in, const Tensor&) const override {
    return sides_ ? sides_(in, constants_).value() : Tensor();
  }

  Output infer(Operands in) const override {
    check_float(name_, in);
    if constexpr (arity == 1) {
      return {in[0].shape(), in[0].dtype()};
    } else {
      Shape shape = broadcast_shape(name_, in[0].shape(), in[1].shape());
      for (std::size_t k = 2; k < arity; ++k) shape = broadcast_shape(name_, shape, in[k].shape());
      return {shape, in[0].dtype()};
    }
  }

  Tensor run(Operands in) const override {
    bool plain = is_float(in[0].dtype());
    for (std::size_t k = 1; k < arity; ++k)
      plain = plain && in[k].dtype() == in[0].dtype() && in[k].shape() == in[0].shape();
    if (!plain) return Op::run(in);
    Tensor out = Tensor::empty(in[0].shape(), in[0].dtype());
    forward(in, out);
    return out;
  }

  void forward(Operands in, Tensor& out) const override {
    std::array<const Tensor*, arity> operands;
    for (std::size_t k = 0; k < arity; ++k) operands[k] = &in[k];
    dispatch_float(out.dtype(), [&]<class T>(T) {
      broadcast_transform<T>(out, operands, with_constants<T>(forward_));
    });
  }

  Operand reads(Operand needed) const override {
    Operand result = Operand::none();
    for_each_rule([&]<std::size_t K>(const auto& rule) {
      if (!needed.has_input(K)) return;
      for (std::size_t k = 0; k < arity; ++k)
        if (rule.reads & (1U << k)) result = result | Operand::input(k);
      if (rule.reads & bits(From::output)) result = result | Operand::output();
    });
    return result;
  }

  void pullback(Pullback& back) const override {
    // A cotangent that has still to be stretched is only right where nothing was broadcast.
    if constexpr (arity > 1)
      for (std::size_t k = 0; k < arity; ++k)
        if (!back.same_shape(k)) {
          back.stretch_cotangent();
          break;
        }
    std::size_t last = 0;
    for (std::size_t k = 0; k < arity; ++k)
      if (back.needs(k)) last = k;
    for_each_rule([&]<std::size_t K>(const auto& rule) {
      if (back.needs(K)) pull<K>(back, rule, K == last);
    });
  }

 private:
  template <class F>
  void for_each_rule(F f) const {
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      (f.template operator()<K>(std::get<K>(rules_)), ...);
    }
    (std::make_index_sequence<arity>{});
  }

  /// `f` over lanes, with the op's constants as further arguments.
  template <class T, class F>
  auto with_constants(F f) const {
    return [f, constants = constants_](const auto&... lanes) {
      return [&]<std::size_t... C>(std::index_sequence<C...>)->Lanes<T> {
        return f(lanes..., Lanes<T>(static_cast<T>(constants[C]))...);
      }
      (std::make_index_sequence<Constants>{});
    };
  }

  template <std::size_t K, class R>
  void pull(Pullback& back, const R& rule, bool last) const {
    if constexpr (R::passes) {
      if (last && !back.recording()) return back.to(K, back.take_cotangent());
      back.to(K, back.cotangent());
    } else if constexpr (R::differentiable) {
      if (back.recording()) return back.to(K, recorded<K>(back, rule));
      back.to(K, fused(back, rule, last));
    }
  }

  template <std::size_t K, class R>
  Var recorded(Pullback& back, const R& rule) const {
    const auto values = [&]<unsigned Place>() {
      if constexpr (Place == 31) {
        if constexpr ((R::reads & bits(From::output)) != 0) return std::tuple<Var>(back.output());
        else return std::tuple<>();
      } else if constexpr ((R::reads & (1U << Place)) != 0) {
        return std::tuple<Var>(back.input(Place));
      } else {
        return std::tuple<>();
      }
    };
    const auto arguments =
        std::tuple_cat(values.template operator()<0>(), values.template operator()<1>(),
                       values.template operator()<2>(), values.template operator()<31>(),
                       std::tuple<Var>(back.cotangent()), std::tuple_cat(constants_));
    return std::apply(rule.f, arguments);
  }

  template <class R>
  Tensor fused(Pullback& back, const R& rule, bool last) const {
    constexpr std::size_t count = static_cast<std::size_t>(std::popcount(R::reads)) + 1;
    std::array<const Tensor*, count> operands;
    std::size_t next = 0;
    for (std::size_t k = 0; k < arity; ++k)
      if (R::reads & (1U << k)) operands[next++] = &back.input_value(k);
    if constexpr ((R::reads & bits(From::output)) != 0) operands[next++] = &back.output_value();
    const Tensor& cotangent = back.cotangent_value();
    operands[next] = &cotangent;
    Shape shape = cotangent.shape();
    for (const Tensor* operand : operands)
      if (operand->shape() != shape) shape = broadcast_shape(name_, shape, operand->shape());
    const DType dtype = cotangent.dtype();
    // The cotangent's memory becomes the result's if nobody else looks at it.
    const bool in_place = last && cotangent.unique() && cotangent.shape() == shape;
    Tensor held;
    Tensor out;
    if (in_place) {
      out = back.take_cotangent();
      operands[next] = &out;
    } else {
      out = Tensor::empty(shape, dtype);
    }
    dispatch_float(dtype, [&]<class T>(T) {
      broadcast_transform<T>(out, operands, with_constants<T>(rule.f));
    });
    return out;
  }

  std::string_view name_;
  std::array<double, Constants> constants_;
  Sides sides_;
  Forward forward_;
  std::tuple<Rules...> rules_;
};

template <class Forward, class R>
Var unary(const char* name, const Var& x, Forward forward, R rule, Sides sides = nullptr) {
  static const Elementwise<0, Forward, R> op(name, {}, sides, forward, rule);
  return apply_static(op, x);
}
/// With constants: both lambdas take them last.
template <std::size_t C, class Forward, class R>
Var unary(const char* name, const Var& x, const std::array<double, C>& constants, Forward forward,
          R rule, Sides sides = nullptr) {
  return apply(Elementwise<C, Forward, R>(name, constants, sides, forward, rule), x);
}
template <class Forward, class Left, class Right>
Var binary(const char* name, const Var& a, const Var& b, Forward forward, Left left, Right right,
           Sides sides = nullptr) {
  static const Elementwise<0, Forward, Left, Right> op(name, {}, sides, forward, left, right);
  return apply_static(op, a, b);
}

}  // namespace wengert::detail
