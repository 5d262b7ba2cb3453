// SPDX-License-Identifier: MIT
// Wrong derivatives of functions that take each element alone.
#include <wengert/ops/activation.h>
#include <wengert/ops/layout.h>

#include "gradcheck/mutants_build.h"

namespace wengert::mutants {
namespace {

using V = const Var&;

// x where x beta > threshold, else ln(1 + e^(beta x)) / beta.
constexpr double beta = 3;
constexpr double threshold = 1;
Var softplus_forward(V x) {
  return where(beta * x > threshold, x, wengert::softplus(beta * x) / beta);
}
Var softplus_slope(V x, V compared) {
  return where(beta * compared > threshold, 1 + 0 * x, sigmoid(beta * x));
}

constexpr double selu_scale = 1.0507009873554805;
constexpr double selu_alpha = 1.6732632423543772;

// The derivative of gelu_tanh.
Var gelu_tanh_slope(V x) {
  const double c = 0.7978845608028654;
  const Var t = wengert::tanh(c * (x + 0.044715 * x * x * x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x);
}
constexpr double inverse_root_two_pi = 0.3989422804014327;
Var gelu_slope(V x, double density_at_0) {
  return 0.5 * (1 + wengert::erf(x * 0.7071067811865476)) +
         x * wengert::exp(-0.5 * x * x) * density_at_0;
}

Tensor dropout_mask(const Shape& shape) { return Rng{7}.bernoulli(shape, 0.7); }

}  // namespace

std::vector<Mutant> elementwise() {
  std::vector<Mutant> list;
  list.push_back(op_mutant<1>(
      "cosine", [](V x) { return wengert::cos(x); },
      [](V x, V, V g) { return g * wengert::sin(x); },
      [](V x, V, V g) { return -(g * wengert::sin(x)); },
      {"sign of cos", "the minus of cos' = -sin is left out", {normal(1, {3, 4})}, Hint::sign}));
  list.push_back(op_mutant<1>(
      "square", [](V x) { return x * x; }, [](V x, V, V g) { return g * x; },
      [](V x, V, V g) { return 2 * g * x; },
      {"half of square", "the 2 of 2x is left out", {normal(2, {3, 4})}, Hint::factor}));
  list.push_back(op_mutant<1>(
      "cube", [](V x) { return x * x * x; }, [](V x, V, V g) { return 3.000009 * g * x * x; },
      [](V x, V, V g) { return 3 * g * x * x; },
      {"3e-6 of cube",
       "a constant typed with one digit wrong: relative error 3e-6",
       {normal(3, {3, 4})},
       Hint::factor}));
  list.push_back(op_mutant<1>(
      "tanh", [](V x) { return wengert::tanh(x); },
      [](V, V y, V g) {
        const Var again = wengert::tanh(y);
        return g * (1 - again * again);
      },
      [](V, V y, V g) { return g * (1 - y * y); },
      {"tanh' of tanh",
       "the derivative is taken at the output, which is activated already",
       {normal(4, {3, 4})},
       Hint::at_output,
       Tier::directions,
       "neural2d issue 40"}));
  list.push_back(op_mutant<1>(
      "tanh_from_1", [](V x) { return wengert::tanh(slice(x, 0, 1, 6)); },
      [](V x, V, V g) {
        const Var stale = wengert::tanh(slice(x, 0, 0, 5));
        return pad(g * (1 - stale * stale), {{1, 0}, {0, 0}});
      },
      [](V, V y, V g) {
        return pad(g * (1 - y * y), {{1, 0}, {0, 0}});
      },
      {"stale activation",
       "step t is differentiated with the activation of step t - 1",
       {normal(5, {6, 3})},
       Hint::shifted_input}));
  list.push_back(op_mutant<1>(
      "clamp", [](V x) { return clamp(x, -0.5, 0.8); }, [](V, V, V g) { return 1 * g; },
      [](V x, V, V g) { return where(less(wengert::abs(x - 0.15), 0.65), g, 0.0); },
      {"clamp lets through",
       "the gradient passes where the value was cut off",
       {uniform(6, {6, 5}, -1.2, 1.2)},
       Hint::flat_region}));
  list.push_back(op_mutant<1>(
      "dropout", [](V x) { return x * constant(dropout_mask(x.shape()), x) / 0.7; },
      [](V x, V, V g) { return g * constant(dropout_mask(x.shape()), x); },
      [](V x, V, V g) { return g * constant(dropout_mask(x.shape()), x) / 0.7; },
      {"dropout unscaled",
       "kept elements are divided by 1 - rate forward, not backward",
       {normal(8, {4, 5})},
       Hint::factor}));
  list.push_back(op_mutant<1>(
      "dropout", [](V x) { return x * constant(dropout_mask(x.shape()), x) / 0.7; },
      [](V x, V, V g) {
        const Tensor first = [&] {
          Tensor t = zeros({x.shape()[0], 1});
          t.mutable_data<float>()[0] = 1;
          return t;
        }();
        return g * constant(dropout_mask(x.shape()), x) * constant(first, x) / 0.7;
      },
      [](V x, V, V g) { return g * constant(dropout_mask(x.shape()), x) / 0.7; },
      {"dropout of one channel",
       "only the first channel's gradient is computed",
       {normal(8, {5, 6})},
       Hint::first_or_last_step,
       Tier::directions,
       "tiny-dnn issue 723"}));
  list.push_back(op_mutant<1>(
      "softplus", [](V x) { return wengert::softplus(x); },
      [](V x, V, V g) { return g * where(equal(x, 0.0), 0.0, sigmoid(x)); },
      [](V x, V, V g) { return g * sigmoid(x); },
      {"softplus'(0) = 0",
       "at 0 exactly the derivative is 0 and not 1/2",
       {matrix({{0.7, 0.0, -1.2}, {-0.3, 1.1, 0.0}, {0.0, 2.0, -0.9}})},
       Hint::formula,
       Tier::directions,
       "JAX issue 2107"}));
  list.push_back(op_mutant<1>(
      "softplus", softplus_forward, [](V x, V y, V g) { return g * softplus_slope(x, y); },
      [](V x, V, V g) { return g * softplus_slope(x, x); },
      {"softplus threshold",
       "forward compares the input with the threshold, backward the output",
       {tensor({0.2736, -0.4, 0.1, 0.9, -1.3, 0.3})},
       Hint::formula,
       Tier::directions,
       "PyTorch issue 55587"}));
  list.push_back(op_mutant<1>(
      "selu", [](V x) { return wengert::selu(x); },
      [](V x, V y, V g) {
        return g * where(x > 0.0, selu_scale + 0 * x, selu_scale * (y + selu_alpha));
      },
      [](V x, V y, V g) {
        return g * where(x > 0.0, selu_scale + 0 * x, y + selu_scale * selu_alpha);
      },
      {"selu scaled twice",
       "the derivative written for ELU, with the scale 1.05 around all of it",
       {normal(11, {3, 4})},
       Hint::formula,
       Tier::directions,
       "mlpack PR 1540"}));
  list.push_back(op_mutant<1>(
      "isrlu",
      [](V x) {
        const Var low = minimum(x, 0.0);
        return x * rsqrt(1 + low * low);
      },
      [](V x, V, V g) {
        const Var low = minimum(x, 0.0);
        const Var r = rsqrt(1 + low * low);
        return r * r * r + 0 * g;
      },
      [](V x, V, V g) {
        const Var low = minimum(x, 0.0);
        const Var r = rsqrt(1 + low * low);
        return g * r * r * r;
      },
      {"cotangent ignored",
       "the derivative is returned without being multiplied by the cotangent",
       {normal(12, {3, 4})},
       Hint::formula,
       Tier::linearity,
       "PyTorch issue 4355"}));
  list.push_back(op_mutant<1>(
      "clipped", [](V x) { return wengert::sin(x); },
      [](V x, V, V g) { return clamp(g, -0.5, 0.5) * wengert::cos(x); },
      [](V x, V, V g) { return g * wengert::cos(x); },
      {"clipped in the pullback",
       "the cotangent is clipped on its way: the pullback is not linear",
       {normal(13, {3, 4})},
       Hint::formula,
       Tier::linearity}));
  list.push_back(op_mutant<1>(
      "gelu", [](V x) { return wengert::gelu(x); },
      [](V x, V, V g) { return g * gelu_tanh_slope(x); },
      [](V x, V, V g) { return g * gelu_slope(x, inverse_root_two_pi); },
      {"gelu of the other kind",
       "forward by erf, backward by the tanh approximation: errors below 1e-3",
       {normal(14, {4, 5})},
       Hint::formula}));
  list.push_back(op_mutant<1>(
      "gelu", [](V x) { return wengert::gelu(x); },
      [](V x, V, V g) { return g * gelu_slope(x, 0.3989); },
      [](V x, V, V g) { return g * gelu_slope(x, inverse_root_two_pi); },
      {"constant of four digits",
       "1 / sqrt(2 pi) is written 0.3989: errors below 3e-5",
       {normal(19, {4, 5})},
       Hint::formula}));
  list.push_back(op_mutant<2>(
      "div", [](V a, V b) { return a / b; },
      [](V a, V b, V, V g) {
        return Pair{-(g * a / (b * b)), g / b};
      },
      [](V a, V b, V, V g) {
        return Pair{g / b, -(g * a / (b * b))};
      },
      {"div swapped",
       "the two inputs' gradients are returned in the wrong order",
       {normal(15, {3, 4}), uniform(16, {3, 4}, 0.5, 2.0)},
       Hint::swapped_inputs}));
  list.push_back(op_mutant<1>(
      "swish", [](V x) { return x * sigmoid(x); }, [](V x, V, V g) { return g * sigmoid(x); },
      [](V x, V, V g) {
        const Var s = sigmoid(x);
        return g * (s + x * s * (1 - s));
      },
      {"second use lost",
       "x is used twice, and only the first use sends its gradient back",
       {normal(17, {3, 4})},
       Hint::formula}));
  list.push_back(op_mutant<1>(
      "binarize", [](V x) { return sign(x); }, [](V, V, V g) { return 1 * g; },
      [](V, V, V g) { return 0 * g; },
      {"straight through",
       "a step function passes the gradient on as if it were the identity",
       {normal(18, {3, 4})},
       Hint::unused}));
  return list;
}

}  // namespace wengert::mutants
