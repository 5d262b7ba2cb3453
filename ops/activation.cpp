// SPDX-License-Identifier: MIT
#include "activation.h"

#include <numbers>

#include "elementwise.h"
#include "kernels.h"

namespace wengert {

using namespace detail;

namespace {

constexpr double selu_scale = 1.0507009873554804934193349852946;
constexpr double selu_alpha = 1.6732632423543772848170429916717;
constexpr double gelu_cubic = 0.044715;
constexpr double normal_density = 0.5 * std::numbers::inv_sqrtpi * std::numbers::sqrt2;  // at 0
constexpr double two_sqrt_two_over_pi = 2.0 * std::numbers::inv_sqrtpi * std::numbers::sqrt2;

}  // namespace

namespace detail {
/// Recorded where gelu is differentiated twice.
Var normal_cdf(const Var& x) {
  return unary(
      "normal_cdf", x, std::array{normal_density}, [](auto v, auto) { return normal_cdf(v); },
      from_input([](auto v, auto g, auto density) { return g * (density * exp(-0.5 * (v * v))); }));
}
}  // namespace detail

Var tanh(const Var& x) {
  return unary(
      "tanh", x, [](auto v) { return tanh(v); },
      from_output([](auto y, auto g) { return g * (1.0 - y * y); }));
}
Var sigmoid(const Var& x) {
  return unary(
      "sigmoid", x, [](auto v) { return sigmoid(v); },
      from_output([](auto y, auto g) { return g * y * (1.0 - y); }));
}
Var log_sigmoid(const Var& x) {
  return unary(
      "log_sigmoid", x, [](auto v) { return -softplus(-v); },
      from_input([](auto v, auto g) { return g * sigmoid(-v); }));
}
Var softplus(const Var& x) {
  return unary(
      "softplus", x, [](auto v) { return softplus(v); },
      from_input([](auto v, auto g) { return g * sigmoid(v); }));
}
Var softsign(const Var& x) {
  return unary(
      "softsign", x, [](auto v) { return v / (1.0 + abs(v)); },
      from_input([](auto v, auto g) { return g / square(1.0 + abs(v)); }), sign_of);
}
Var relu(const Var& x) {
  // Written so that NaN stays NaN.
  return unary(
      "relu", x, [](auto v) { return where(v <= 0.0, 0.0, v); },
      from_output([](auto y, auto g) { return where(y > 0.0, g, 0.0); }), sign_of);
}
Var leaky_relu(const Var& x, double slope) {
  return unary(
      "leaky_relu", x, std::array{slope}, [](auto v, auto s) { return where(v > 0.0, v, s * v); },
      from_input([](auto v, auto g, auto s) { return where(v > 0.0, g, s * g); }), sign_of);
}
Var elu(const Var& x, double alpha) {
  return unary(
      "elu", x, std::array{alpha}, [](auto v, auto a) { return where(v > 0.0, v, a * expm1(v)); },
      from_input([](auto v, auto g, auto a) {
        return where(v > 0.0, g, g * (a * exp(where(v > 0.0, 0.0, v))));
      }),
      sign_of);
}
Var selu(const Var& x) {
  return unary(
      "selu", x, std::array{selu_scale, selu_scale * selu_alpha},
      [](auto v, auto s, auto a) { return where(v > 0.0, s * v, a * expm1(v)); },
      from_input([](auto v, auto g, auto s, auto a) {
        return where(v > 0.0, s * g, g * (a * exp(where(v > 0.0, 0.0, v))));
      }),
      sign_of);
}
Var gelu(const Var& x) {
  return unary(
      "gelu", x, std::array{normal_density}, [](auto v, auto) { return v * normal_cdf(v); },
      from_input([](auto v, auto g, auto density) {
        return g * (normal_cdf(v) + v * (density * exp(-0.5 * (v * v))));
      }));
}
Var gelu_tanh(const Var& x) {
  // (1 + tanh u) / 2 is sigmoid(2u), which does not cancel where tanh u is near -1.
  return unary(
      "gelu_tanh", x, std::array{two_sqrt_two_over_pi, gelu_cubic},
      [](auto v, auto scale, auto cubic) { return v * sigmoid(scale * (v + cubic * (v * v * v))); },
      from_input([](auto v, auto g, auto scale, auto cubic) {
        const auto u = scale * (v + cubic * (v * v * v));
        return g * (sigmoid(u) * (1.0 + v * sigmoid(-u) * (scale * (1.0 + 3.0 * cubic * (v * v)))));
      }));
}
Var silu(const Var& x) {
  return unary(
      "silu", x, [](auto v) { return v * sigmoid(v); }, from_input([](auto v, auto g) {
        const auto s = sigmoid(v);
        return g * (s * (1.0 + v * (1.0 - s)));
      }));
}

Var logistic_loss(const Var& logit, const Var& target) {
  return binary(
      "logistic_loss", logit, target,
      [](auto z, auto t) {
        // The large terms first: for a sure and right logit they cancel, and what is left is small.
        return (where(z <= 0.0, 0.0, z) - z * t) + log1p(exp(-abs(z)));
      },
      from_both([](auto z, auto t, auto g) { return g * (sigmoid(z) - t); }),
      from_left([](auto z, auto g) { return -g * z; }));
}

}  // namespace wengert
