// SPDX-License-Identifier: MIT
// Wrong gradients of reductions, softmax, normalisation and pooling, and of norms at 0.
#include <wengert/ops/activation.h>
#include <wengert/ops/indexing.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>
#include <wengert/ops/reduce.h>
#include <wengert/ops/softmax.h>

#include "gradcheck/mutants_build.h"

namespace wengert::mutants {
namespace {

using V = const Var&;

Var softmax_pullback(V y, V g) { return y * (g - sum(g * y, -1, keep_axes)); }

// Normalised along `axis`, without gain and shift.
Var standardised(V x, std::int64_t axis) {
  const Var centred = x - mean(x, axis, keep_axes);
  return centred * rsqrt(mean(centred * centred, axis, keep_axes) + 1e-3);
}
Var inverse_deviation(V x, std::int64_t axis) { return rsqrt(var(x, axis, keep_axes) + 1e-3); }
Var standardised_pullback(V x, V y, V g, std::int64_t axis) {
  return inverse_deviation(x, axis) *
         (g - mean(g, axis, keep_axes) - y * mean(g * y, axis, keep_axes));
}

// [rows, 3 k] -> [rows, k, 3]
Var windows(V x) { return reshape(x, {x.shape()[0], -1, 3}); }

Var running_sum_matrix(V x) {
  return constant(Var(tril(Var(ones({x.shape()[0], x.shape()[0]})))).value(), x);
}

}  // namespace

std::vector<Mutant> reductions() {
  std::vector<Mutant> list;
  list.push_back(op_mutant<1>(
      "mean", [](V x) { return mean(x, 0); },
      [](V x, V, V g) { return broadcast_to(g, x.shape()); },
      [](V x, V, V g) { return broadcast_to(g / 5, x.shape()); },
      {"mean without 1/n",
       "the gradient of a sum is returned for a mean",
       {normal(21, {5, 3})},
       Hint::mean_for_sum}));
  list.push_back(op_mutant<1>(
      "variance", [](V x) { return var(x, -1, Keep::no, 1); },
      [](V x, V, V g) { return 2.0 / 6 * unsqueeze(g, -1) * (x - mean(x, -1, keep_axes)); },
      [](V x, V, V g) { return 2.0 / 5 * unsqueeze(g, -1) * (x - mean(x, -1, keep_axes)); },
      {"variance by n",
       "forward divides by n - 1, backward by n",
       {normal(22, {3, 6})},
       Hint::factor}));
  list.push_back(op_mutant<1>(
      "softmax", [](V x) { return softmax(x); },
      [](V, V y, V g) { return y * (g - sum(g * y, 0, keep_axes)); },
      [](V, V y, V g) { return softmax_pullback(y, g); },
      {"softmax, wrong axis",
       "the pullback sums over the batch instead of the classes",
       {normal(23, {4, 5})},
       Hint::wrong_axis}));
  list.push_back(op_mutant<1>(
      "softmax", [](V x) { return softmax(x); }, [](V, V y, V g) { return g * y * (1 - y); },
      [](V, V y, V g) { return softmax_pullback(y, g); },
      {"softmax, diagonal",
       "only y (1 - y) as for a sigmoid: the classes' influence on each other is left out",
       {normal(24, {4, 5})},
       Hint::cross_term}));
  list.push_back(op_mutant<1>(
      "softmax", [](V x) { return softmax(x); }, [](V, V y, V g) { return g * y; },
      [](V, V y, V g) { return softmax_pullback(y, g); },
      {"softmax without its sum",
       "the term y sum(g y) is left out",
       {normal(25, {4, 5})},
       Hint::cross_term}));
  list.push_back(op_mutant<1>(
      "softmax", [](V x) { return softmax(x); }, [](V, V, V g) { return 1 * g; },
      [](V, V y, V g) { return softmax_pullback(y, g); },
      {"softmax copies",
       "the gradient is handed on as it came",
       {normal(26, {4, 5})},
       Hint::formula,
       Tier::directions,
       "darknet PR 96"}));
  list.push_back(op_mutant<1>(
      "layer_norm", [](V x) { return standardised(x, -1); },
      [](V x, V y, V g) { return inverse_deviation(x, -1) * (g - y * mean(g * y, -1, keep_axes)); },
      [](V x, V y, V g) { return standardised_pullback(x, y, g, -1); },
      {"layer norm without mean",
       "the gradient through the mean is left out",
       {normal(27, {3, 6})},
       Hint::missing_mean}));
  list.push_back(op_mutant<1>(
      "batch_norm", [](V x) { return standardised(x, 0); },
      [](V x, V, V g) { return inverse_deviation(x, 0) * (g - mean(g, 0, keep_axes)); },
      [](V x, V y, V g) { return standardised_pullback(x, y, g, 0); },
      {"batch norm, fixed variance",
       "the batch's variance is taken for a constant",
       {normal(28, {6, 3})},
       Hint::cross_term}));
  list.push_back(op_mutant<1>(
      "batch_norm", [](V x) { return standardised(x, 0); },
      [](V x, V y, V g) {
        return standardised_pullback(x, y, g, 0) +
               inverse_deviation(x, 0) * mean(g * y, 0, keep_axes) / 6;
      },
      [](V x, V y, V g) { return standardised_pullback(x, y, g, 0); },
      {"batch norm, mean twice",
       "a further term is added to the mean's gradient",
       {normal(29, {6, 3})},
       Hint::missing_mean,
       Tier::directions,
       "MXNet issue 1053"}));
  list.push_back(op_mutant<1>(
      "normalize", [](V x) { return x / norm(x, -1, keep_axes); },
      [](V x, V, V g) { return g / norm(x, -1, keep_axes); },
      [](V x, V y, V g) { return (g - y * sum(g * y, -1, keep_axes)) / norm(x, -1, keep_axes); },
      {"norm held fixed",
       "x / |x| with |x| taken for a constant",
       {normal(30, {4, 3})},
       Hint::cross_term}));
  list.push_back(op_mutant<1>(
      "max_pool", [](V x) { return max(windows(x), -1); },
      [](V x, V, V g) {
        const Var first = one_hot(zeros(g.shape(), i64), 3, x.dtype());
        return reshape(first * unsqueeze(g, -1), x.shape());
      },
      [](V x, V, V g) {
        const Var largest = one_hot(argmax(windows(x), -1), 3, x.dtype());
        return reshape(largest * unsqueeze(g, -1), x.shape());
      },
      {"max-pool to the first",
       "the gradient goes to the window's first element and not to its largest",
       {normal(31, {4, 9})},
       Hint::other_elements}));
  list.push_back(op_mutant<1>(
      "cumsum", [](V x) { return matmul(running_sum_matrix(x), x); },
      [](V x, V, V g) { return matmul(running_sum_matrix(x), g); },
      [](V x, V, V g) { return matmul(running_sum_matrix(x), g, {.left = true}); },
      {"cumsum forward again",
       "the cotangent is summed from the front, not from the end",
       {normal(32, {5, 3})},
       Hint::formula}));
  list.push_back(op_mutant<1>(
      "layer_norm",
      [](V x) {
        const Var centred = x - mean(x, -1, keep_axes);
        return centred / (wengert::sqrt(mean(centred * centred, -1, keep_axes)) + 1e-4);
      },
      [](V x, V, V g) {
        const Var r = rsqrt(var(x, -1, keep_axes) + 1e-8);
        const Var y = (x - mean(x, -1, keep_axes)) * r;
        return r * (g - mean(g, -1, keep_axes) - y * mean(g * y, -1, keep_axes));
      },
      [](V x, V, V g) {
        const Var deviation = wengert::sqrt(var(x, -1, keep_axes));
        const Var centred = x - mean(x, -1, keep_axes);
        const Var by_centred = g / (deviation + 1e-4) - centred * mean(g * centred, -1, keep_axes) /
                                                            (deviation * square(deviation + 1e-4));
        return by_centred - mean(by_centred, -1, keep_axes);
      },
      {"epsilon in another place",
       "forward adds epsilon to the deviation, backward to the variance: errors of 1e-4",
       {normal(33, {3, 6})},
       Hint::formula}));
  list.push_back(op_mutant<1>(
      "rms_norm", [](V x) { return x * rsqrt(mean(x * x, -1, keep_axes) + 1e-5); },
      [](V x, V, V g) {
        const Var r = rsqrt(mean(x * x, -1, keep_axes));
        return r * (g - x * r * r * mean(g * x, -1, keep_axes));
      },
      [](V x, V, V g) {
        const Var r = rsqrt(mean(x * x, -1, keep_axes) + 1e-5);
        return r * (g - x * r * r * mean(g * x, -1, keep_axes));
      },
      {"epsilon left out",
       "forward divides by the root of mean square + 1e-5, backward forgets the 1e-5",
       {normal(34, {3, 6})},
       Hint::formula}));
  list.push_back(op_mutant<1>(
      "logsumexp", [](V x) { return logsumexp(x, -1); },
      [](V x, V, V g) {
        const Var e = wengert::exp(x);
        return unsqueeze(g, -1) * e / sum(e, -1, keep_axes);
      },
      [](V x, V, V g) { return unsqueeze(g, -1) * softmax(x); },
      {"overflow in float32",
       "e^90 is infinite in float32, and the quotient NaN; in float64 all is well",
       {matrix({{90, 89.5, 88}, {1, 0.5, 91}})},
       Hint::precision,
       Tier::precision}));
  list.push_back(op_mutant<1>(
      "norm", [](V x) { return wengert::sqrt(sum(x * x, -1)); },
      [](V x, V y, V g) { return unsqueeze(g / y, -1) * x; },
      [](V x, V y, V g) {
        const Var safe = where(equal(y, 0.0), 1.0, y);
        return unsqueeze(g / safe, -1) * x;
      },
      {"norm at 0",
       "x / |x| is NaN for a row of zeros",
       {matrix({{0, 0, 0}, {0.3, -1.2, 0.8}})},
       Hint::nonfinite,
       Tier::nodes,
       "TensorFlow issue 12071"}));
  list.back().right = {};  // a kink: what is right there is a convention, and tested with the ops
  list.push_back(op_mutant<1>(
      "sinc",
      [](V x) {
        const Var safe = where(equal(x, 0.0), 1.0, x);
        return where(equal(x, 0.0), 1.0, wengert::sin(safe) / safe);
      },
      [](V x, V y, V g) { return g * (wengert::cos(x) - y) / x; },
      [](V x, V y, V g) {
        const Var safe = where(equal(x, 0.0), 1.0, x);
        return g * where(equal(x, 0.0), 0.0, (wengert::cos(x) - y) / safe);
      },
      {"sinc at 0",
       "the value at 0 is taken care of, the derivative is 0 / 0",
       {tensor({0.4, 0.0, -1.3, 2.1})},
       Hint::nonfinite,
       Tier::nodes}));
  return list;
}

}  // namespace wengert::mutants
