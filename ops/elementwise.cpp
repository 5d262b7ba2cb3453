// SPDX-License-Identifier: MIT
#include "elementwise.h"

#include <numbers>

#include <fmt/format.h>

#include "kernels.h"

namespace wengert {

using namespace detail;

namespace detail {
// The lanes' names, so that one lambda serves both.
Var exact_sin(const Var& x) { return sin(x); }
Var exact_cos(const Var& x) { return cos(x); }
Var sign_of(Operands in, std::span<const double>) { return sign(Var(in[0])); }
}  // namespace detail

Var abs(const Var& x) {
  return unary(
      "abs", x, [](auto v) { return abs(v); },
      from_input([](auto v, auto g) { return g * sign(v); }), sign_of);
}
Var sign(const Var& x) {
  return unary(
      "sign", x, [](auto v) { return sign(v); }, from_cotangent([](auto g) { return g * 0.0; }),
      sign_of);
}
Var exp(const Var& x) {
  return unary(
      "exp", x, [](auto v) { return exp(v); }, from_output([](auto y, auto g) { return g * y; }));
}
Var expm1(const Var& x) {
  return unary(
      "expm1", x, [](auto v) { return expm1(v); },
      from_output([](auto y, auto g) { return g * (y + 1.0); }));
}
Var log(const Var& x) {
  return unary(
      "log", x, [](auto v) { return exact_log(v); },
      from_input([](auto v, auto g) { return g / v; }));
}
Var log1p(const Var& x) {
  return unary(
      "log1p", x, [](auto v) { return log1p(v); },
      from_input([](auto v, auto g) { return g / (v + 1.0); }));
}
Var sqrt(const Var& x) {
  return unary(
      "sqrt", x, [](auto v) { return sqrt(v); },
      from_output([](auto y, auto g) { return g * 0.5 / y; }));
}
Var rsqrt(const Var& x) {
  return unary(
      "rsqrt", x, [](auto v) { return reciprocal(sqrt(v)); },
      from_output([](auto y, auto g) { return g * -0.5 * (y * y * y); }));
}
Var square(const Var& x) {
  return unary(
      "square", x, [](auto v) { return v * v; },
      from_input([](auto v, auto g) { return g * 2.0 * v; }));
}
Var reciprocal(const Var& x) {
  return unary(
      "reciprocal", x, [](auto v) { return reciprocal(v); },
      from_output([](auto y, auto g) { return -g * (y * y); }));
}
Var sin(const Var& x) {
  return unary(
      "sin", x, [](auto v) { return exact_sin(v); },
      from_input([](auto v, auto g) { return g * exact_cos(v); }));
}
Var cos(const Var& x) {
  return unary(
      "cos", x, [](auto v) { return exact_cos(v); },
      from_input([](auto v, auto g) { return -g * exact_sin(v); }));
}
Var erf(const Var& x) {
  return unary(
      "erf", x, std::array{2.0 * std::numbers::inv_sqrtpi},
      [](auto v, auto) { return exact_erf(v); },
      from_input([](auto v, auto g, auto c) { return g * c * exp(-(v * v)); }));
}
Var clamp(const Var& x, double low, double high) {
  if (!(low <= high)) throw ValueError(fmt::format("clamp: low {} is above high {}", low, high));
  return unary(
      "clamp", x, std::array{low, high},
      [](auto v, auto l, auto h) { return where(v < l, l, where(v > h, h, v)); },
      from_input(
          [](auto v, auto g, auto l, auto h) { return where(v < l, 0.0, where(v > h, 0.0, g)); }),
      [](Operands in, std::span<const double> bounds) {
        return sign(Var(in[0]) - bounds[0]) + sign(Var(in[0]) - bounds[1]);
      });
}

}  // namespace wengert
