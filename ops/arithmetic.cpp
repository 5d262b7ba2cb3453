// SPDX-License-Identifier: MIT
#include "arithmetic.h"

#include <fmt/format.h>

#include "elementwise.h"
#include "kernels.h"

namespace wengert {

using namespace detail;

Var add(const Var& a, const Var& b) {
  return binary(
      "add", a, b, [](auto x, auto y) { return x + y; }, Pass{}, Pass{});
}
Var sub(const Var& a, const Var& b) {
  return binary(
      "sub", a, b, [](auto x, auto y) { return x - y; }, Pass{},
      from_cotangent([](auto g) { return -g; }));
}
Var mul(const Var& a, const Var& b) {
  return binary(
      "mul", a, b, [](auto x, auto y) { return x * y; },
      from_right([](auto y, auto g) { return g * y; }),
      from_left([](auto x, auto g) { return g * x; }));
}
Var div(const Var& a, const Var& b) {
  return binary(
      "div", a, b, [](auto x, auto y) { return x / y; },
      from_right([](auto y, auto g) { return g / y; }),
      from_both([](auto x, auto y, auto g) { return -g * x / (y * y); }));
}
namespace {
// The three ways: below, equal, above.
Var order(Operands in, std::span<const double>) { return sign(Var(in[0]) - Var(in[1])); }
}  // namespace

Var maximum(const Var& a, const Var& b) {
  return binary(
      "maximum", a, b, [](auto x, auto y) { return where(x >= y, x, where(y > x, y, x + y)); },
      from_both([](auto x, auto y, auto g) {
        return where(x > y, g, where(equal(x, y), g * 0.5, g * 0.0));
      }),
      from_both([](auto x, auto y, auto g) {
        return where(y > x, g, where(equal(x, y), g * 0.5, g * 0.0));
      }),
      order);
}
Var minimum(const Var& a, const Var& b) {
  return binary(
      "minimum", a, b, [](auto x, auto y) { return where(x <= y, x, where(y < x, y, x + y)); },
      from_both([](auto x, auto y, auto g) {
        return where(x < y, g, where(equal(x, y), g * 0.5, g * 0.0));
      }),
      from_both([](auto x, auto y, auto g) {
        return where(y < x, g, where(equal(x, y), g * 0.5, g * 0.0));
      }),
      order);
}
Var neg(const Var& x) {
  // Not -v, which xsimd computes as 0 - v: of 0 that would be 0.
  return unary(
      "neg", x, [](auto v) { return v * -1.0; }, from_cotangent([](auto g) { return -g; }));
}
Var squared_difference(const Var& a, const Var& b) {
  return binary(
      "squared_difference", a, b, [](auto x, auto y) { return square(x - y); },
      from_both([](auto x, auto y, auto g) { return g * 2.0 * (x - y); }),
      from_both([](auto x, auto y, auto g) { return g * 2.0 * (y - x); }));
}

// Powers. The lanes' `pow` and its twin over Var, so that one lambda serves both.
namespace detail {
template <class T>
Lanes<T> power(const Lanes<T>& base, const Lanes<T>& exponent) {
  return exact_pow(base, exponent);
}
Var power(const Var& base, const Var& exponent) { return pow(base, exponent); }
Var power(const Var& base, double exponent) { return pow(base, exponent); }
}  // namespace detail

Var pow(const Var& a, const Var& b) {
  return binary(
      "pow", a, b, [](auto x, auto p) { return power(x, p); },
      from_both([](auto x, auto p, auto g) {
        // 0 at 0^0, where 0 times 0^-1 would be NaN.
        return g * p * power(where(not_equal(abs(x) + abs(p), 0), x, 1.0), p - 1.0);
      }),
      from_both([](auto x, auto p, auto g) {
        // x^p log x goes to 0 with x, which the product would not see.
        return where(not_equal(x, 0), g * power(x, p) * log(x), g * 0.0);
      }));
}
Var pow(const Var& x, double exponent) {
  if (exponent == 0.0)  // the derivative is 0 at 0 too, where 0 times 0^-1 would be NaN
    return unary(
        "pow", x, std::array{exponent}, [](auto v, auto p) { return power(v, p); },
        from_cotangent([](auto g, auto) { return g * 0.0; }));
  return unary(
      "pow", x, std::array{exponent}, [](auto v, auto p) { return power(v, p); },
      from_input([](auto v, auto g, auto p) { return g * (p * power(v, p - 1.0)); }));
}
Var pow(double base, const Var& x) {
  return unary(
      "pow", x, std::array{base, base == 0.0 ? 0.0 : std::log(base)},
      [](auto v, auto b, auto) { return power(v * 0.0 + b, v); },
      from_output([](auto y, auto g, auto, auto log_b) { return g * y * log_b; }));
}

Var where(const Var& condition, const Var& a, const Var& b) {
  const Var chosen = condition.dtype() == a.dtype() ? condition : cast(condition, a.dtype());
  const auto forward = [](auto c, auto x, auto y) { return where(not_equal(c, 0), x, y); };
  const auto if_true = from_left([](auto c, auto g) { return where(not_equal(c, 0), g, 0.0); });
  const auto if_false = from_left([](auto c, auto g) { return where(not_equal(c, 0), 0.0, g); });
  static const Elementwise<0, decltype(forward), NoGradient, decltype(if_true), decltype(if_false)>
      op(
          "where", {}, [](Operands in, std::span<const double>) { return Var(in[0]); }, forward,
          NoGradient{}, if_true, if_false);
  return apply_static(op, chosen, a, b);
}
Var where(const Var& condition, const Var& a, double b) {
  return where(condition, a, Var(scalar(b, a.dtype())));
}
Var where(const Var& condition, double a, const Var& b) {
  return where(condition, Var(scalar(a, b.dtype())), b);
}

namespace {

template <class F>
class Comparison final : public Op {
 public:
  Comparison(const char* name, F compare) : name_(name), compare_(compare) {}
  std::string_view name() const override { return name_; }
  bool differentiable() const override { return false; }
  Tensor branches(Operands, const Tensor& out) const override { return out; }
  Output infer(Operands in) const override {
    if (in[0].dtype() != in[1].dtype())
      throw DTypeError(fmt::format("{}: operands are {} and {}; convert one with cast(x, dtype)",
                                   name_, to_string(in[0].dtype()), to_string(in[1].dtype())));
    return {broadcast_shape(name_, in[0].shape(), in[1].shape()), in[0].dtype()};
  }
  void forward(Operands in, Tensor& out) const override {
    if (out.dtype() == i64) return compare_integers(in, out);
    dispatch_float(out.dtype(), [&]<class T>(T) {
      broadcast_transform<T>(out, std::array{&in[0], &in[1]}, [this](auto x, auto y) {
        return where(compare_(x, y), Lanes<T>(T{1}), Lanes<T>(T{0}));
      });
    });
  }

 private:
  void compare_integers(Operands in, Tensor& out) const {
    const std::array<const Shape*, 2> shapes{&in[0].shape(), &in[1].shape()};
    const BroadcastLoop loop(out.shape(), shapes);
    const std::int64_t* a = in[0].data<std::int64_t>().data();
    const std::int64_t* b = in[1].data<std::int64_t>().data();
    std::int64_t* to = out.mutable_data<std::int64_t>().data();
    loop.for_each_run([&](std::size_t at, const auto& offset) {
      for (std::size_t i = 0; i < loop.run_length(); ++i)
        to[at + i] = compare_(a[offset[0] + (loop.moves(0) ? i : 0)],
                              b[offset[1] + (loop.moves(1) ? i : 0)]);
    });
  }

  const char* name_;
  F compare_;
};

template <class F>
Var comparison(const char* name, const Var& a, const Var& b, F compare) {
  static const Comparison<F> op(name, compare);
  return apply_static(op, a, b);
}

class Cast final : public Op {
 public:
  using OnlyPlainMembers = void;
  explicit Cast(DType to) : to_(to) {}
  std::string_view name() const override { return "cast"; }
  Output infer(Operands in) const override { return {in[0].shape(), to_}; }
  void forward(Operands in, Tensor& out) const override { out = in[0].to(to_); }
  Tensor run(Operands in) const override { return in[0].to(to_); }
  bool differentiable() const override { return is_float(to_); }
  Tensor branches(Operands in, const Tensor& out) const override {
    return is_float(to_) || !is_float(in[0].dtype()) ? Tensor() : out;
  }
  void pullback(Pullback& back) const override {
    back.to(0, cast(back.cotangent(), back.input_dtype(0)));
  }
  std::shared_ptr<const Op> lifted(DType dtype) const override {
    return is_float(to_) ? std::make_shared<Cast>(dtype) : nullptr;
  }

 private:
  DType to_;
};

}  // namespace

Var equal(const Var& a, const Var& b) {
  return comparison("equal", a, b, [](auto x, auto y) { return x == y; });
}
Var not_equal(const Var& a, const Var& b) {
  return comparison("not_equal", a, b, [](auto x, auto y) { return !(x == y); });
}
Var less(const Var& a, const Var& b) {
  return comparison("less", a, b, [](auto x, auto y) { return x < y; });
}
Var less_equal(const Var& a, const Var& b) {
  return comparison("less_equal", a, b, [](auto x, auto y) { return x <= y; });
}
Var greater(const Var& a, const Var& b) { return less(b, a); }
Var greater_equal(const Var& a, const Var& b) { return less_equal(b, a); }

Var cast(const Var& x, DType dtype) { return x.dtype() == dtype ? x : apply(Cast(dtype), x); }

namespace {
Var like(double value, const Var& x) { return Var(scalar(value, x.dtype())); }
}  // namespace

Var maximum(const Var& a, double b) { return maximum(a, like(b, a)); }
Var maximum(double a, const Var& b) { return maximum(like(a, b), b); }
Var minimum(const Var& a, double b) { return minimum(a, like(b, a)); }
Var minimum(double a, const Var& b) { return minimum(like(a, b), b); }
Var equal(const Var& a, double b) { return equal(a, like(b, a)); }
Var equal(double a, const Var& b) { return equal(like(a, b), b); }
Var not_equal(const Var& a, double b) { return not_equal(a, like(b, a)); }
Var not_equal(double a, const Var& b) { return not_equal(like(a, b), b); }
Var less(const Var& a, double b) { return less(a, like(b, a)); }
Var less(double a, const Var& b) { return less(like(a, b), b); }
Var less_equal(const Var& a, double b) { return less_equal(a, like(b, a)); }
Var less_equal(double a, const Var& b) { return less_equal(like(a, b), b); }
Var greater(const Var& a, double b) { return greater(a, like(b, a)); }
Var greater(double a, const Var& b) { return greater(like(a, b), b); }
Var greater_equal(const Var& a, double b) { return greater_equal(a, like(b, a)); }
Var greater_equal(double a, const Var& b) { return greater_equal(like(a, b), b); }

Var operator<(const Var& a, const Var& b) { return less(a, b); }
Var operator<(const Var& a, double b) { return less(a, like(b, a)); }
Var operator<=(const Var& a, const Var& b) { return less_equal(a, b); }
Var operator<=(const Var& a, double b) { return less_equal(a, like(b, a)); }
Var operator>(const Var& a, const Var& b) { return less(b, a); }
Var operator>(const Var& a, double b) { return less(like(b, a), a); }
Var operator>=(const Var& a, const Var& b) { return less_equal(b, a); }
Var operator>=(const Var& a, double b) { return less_equal(like(b, a), a); }

Var operator-(const Var& x) { return neg(x); }
Var operator+(const Var& a, const Var& b) { return add(a, b); }
Var operator+(const Var& a, double b) {
  return unary(
      "add", a, std::array{b}, [](auto x, auto c) { return x + c; }, Pass{});
}
Var operator+(double a, const Var& b) { return b + a; }
Var operator-(const Var& a, const Var& b) { return sub(a, b); }
Var operator-(const Var& a, double b) { return a + -b; }
Var operator-(double a, const Var& b) {
  return unary(
      "sub", b, std::array{a}, [](auto x, auto c) { return c - x; },
      from_cotangent([](auto g, auto) { return -g; }));
}
Var operator*(const Var& a, const Var& b) { return mul(a, b); }
Var operator*(const Var& a, double b) {
  return unary(
      "mul", a, std::array{b}, [](auto x, auto c) { return x * c; },
      from_cotangent([](auto g, auto c) { return g * c; }));
}
Var operator*(double a, const Var& b) { return b * a; }
Var operator/(const Var& a, const Var& b) { return div(a, b); }
Var operator/(const Var& a, double b) {
  return unary(
      "div", a, std::array{b}, [](auto x, auto c) { return x / c; },
      from_cotangent([](auto g, auto c) { return g / c; }));
}
Var operator/(double a, const Var& b) {
  return unary(
      "div", b, std::array{a}, [](auto x, auto c) { return c / x; },
      from_input([](auto x, auto g, auto c) { return -g * c / (x * x); }));
}

namespace detail {

void check_float(std::string_view op, Operands in) {
  for (std::size_t k = 0; k < in.size(); ++k) {
    if (!is_float(in[k].dtype()))
      throw DTypeError(fmt::format("{}: takes f32 or f64, got i64; convert with cast(x, f32)", op));
    if (in[k].dtype() != in[0].dtype())
      throw DTypeError(fmt::format("{}: operands are {} and {}; convert one with cast(x, dtype)",
                                   op, to_string(in[0].dtype()), to_string(in[k].dtype())));
  }
}

void accumulate(Tensor& into, const Tensor& term) {
  dispatch_float(into.dtype(), [&]<class T>(T) {
    const std::array<const Tensor*, 2> operands{&into, &term};
    broadcast_transform<T>(into, operands, [](auto x, auto y) { return x + y; });
  });
}

}  // namespace detail

}  // namespace wengert
