// SPDX-License-Identifier: MIT
// Wrong gradients of losses and of what generative models add to them, and wrong second
// derivatives.
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

std::vector<Tensor> two(std::uint64_t seed, const Shape& shape) {
  return {normal(seed, shape), normal(seed + 1, shape)};
}

Var kl(V mean_of_z, V log_variance) {
  return 0.5 * sum(mean_of_z * mean_of_z + wengert::exp(log_variance) - log_variance - 1);
}

Mutant second_order(Mutant mutant) {
  mutant.second_order = true;
  mutant.tier = Tier::second_order;
  return mutant;
}

}  // namespace

std::vector<Mutant> losses() {
  std::vector<Mutant> list;
  const auto by_both = [](double factor) {
    return [factor](V y, V t, V, V g) {
      const Var by_y = factor * g * (y - t);
      return Pair{by_y, -by_y};
    };
  };
  list.push_back(op_mutant<2>(
      "squared_error", [](V y, V t) { return sum(square(y - t)) / 5; }, by_both(2),
      by_both(2.0 / 5),
      {"batch not divided by", "the loss is the mean over the batch, its gradient that of the sum",
       two(121, {5, 3}), Hint::mean_for_sum}));
  list.push_back(op_mutant<2>(
      "absolute_error", [](V y, V t) { return mean(wengert::abs(y - t)); },
      [](V y, V t, V, V g) {
        const Var by_y = g * sign(y - t);
        return Pair{by_y, -by_y};
      },
      [](V y, V t, V, V g) {
        const Var by_y = g * sign(y - t) / 7;
        return Pair{by_y, -by_y};
      },
      {"reduction ignored", "an L1 loss that has learned to take means forward, but not backward",
       two(123, {7}), Hint::mean_for_sum, Tier::directions, "mlpack issue 2444"}));
  list.push_back(op_mutant<2>(
      "decayed", [](V x, V w) { return sum(square(matmul(x, w))) + 1e-5 * sum(w * w); },
      [](V x, V w, V, V g) {
        const Var by_y = 2 * g * matmul(x, w);
        return Pair{matmul(by_y, w, {.right = true}), matmul(x, by_y, {.left = true})};
      },
      [](V x, V w, V, V g) {
        const Var by_y = 2 * g * matmul(x, w);
        return Pair{matmul(by_y, w, {.right = true}),
                    matmul(x, by_y, {.left = true}) + 2e-5 * g * w};
      },
      {"decay without gradient",
       "a weight decay of 1e-5 is in the loss and not in its gradient",
       {normal(144, {4, 3}), normal(145, {3, 2})},
       Hint::formula}));
  list.push_back(op_mutant<2>(
      "huber",
      [](V y, V t) {
        const Var d = wengert::abs(y - t);
        return sum(where(d < 1.0, 0.5 * d * d, d - 0.5), -1);
      },
      [](V y, V t, V, V g) {
        const Var by_y = unsqueeze(g, -1) * (y - t);
        return Pair{by_y, -by_y};
      },
      [](V y, V t, V, V g) {
        const Var by_y = unsqueeze(g, -1) * clamp(y - t, -1, 1);
        return Pair{by_y, -by_y};
      },
      {"Huber not cut off", "beyond delta the gradient keeps growing", two(125, {4, 5}),
       Hint::formula}));
  list.push_back(op_mutant<2>(
      "hinge", [](V y, V t) { return relu(1 - t * y); },
      [](V y, V t, V, V g) {
        return Pair{-(g * t), -(g * y)};
      },
      [](V y, V t, V, V g) {
        const Var inside = less(t * y, 1.0);
        return Pair{-(where(inside, g, 0.0) * t), -(where(inside, g, 0.0) * y)};
      },
      {"hinge beyond the margin",
       "points beyond the margin pull, too",
       {uniform(151, {6, 5}, -2, 2), uniform(152, {6, 5}, -2, 2)},
       Hint::flat_region}));
  list.push_back(op_mutant<2>(
      "bce", [](V z, V t) { return logistic_loss(z, t); },
      [](V z, V t, V, V g) {
        const Var p = sigmoid(z);
        return Pair{g * (p - t) * p * (1 - p), -(g * z)};
      },
      [](V z, V t, V, V g) {
        return Pair{g * (sigmoid(z) - t), -(g * z)};
      },
      {"sigmoid' twice",
       "the gradient by the logit is multiplied by sigmoid' once more",
       {normal(129, {4, 3}), uniform(130, {4, 3}, 0, 1)},
       Hint::formula}));
  list.push_back(op_mutant<2>(
      "cross_entropy", [](V z, V label) { return softmax_cross_entropy(z, label); },
      [](V z, V label, V, V g) {
        return Pair{unsqueeze(g, -1) * softmax(z), label};
      },
      [](V z, V label, V, V g) {
        return Pair{unsqueeze(g, -1) * (softmax(z) - one_hot(label, 4, z.dtype())), label};
      },
      {"label forgotten",
       "softmax without the 1 taken off at the label",
       {normal(131, {3, 4}), labels({2, 0, 3})},
       Hint::slice}));
  list.push_back(op_mutant<2>(
      "cross_entropy", [](V z, V label) { return mean(softmax_cross_entropy(z, label)); },
      [](V z, V label, V, V g) {
        return Pair{g * (softmax(z) - one_hot(label, 4, z.dtype())), label};
      },
      [](V z, V label, V, V g) {
        return Pair{g * (softmax(z) - one_hot(label, 4, z.dtype())) / 3, label};
      },
      {"mean over the batch lost",
       "the cross-entropy's gradient is not divided by the batch",
       {normal(132, {3, 4}), labels({2, 0, 3})},
       Hint::mean_for_sum}));
  list.push_back(op_mutant<2>(
      "kl", kl,
      [](V m, V s, V, V g) {
        return Pair{2 * g * m, g * (wengert::exp(s) - 1)};
      },
      [](V m, V s, V, V g) {
        return Pair{g * m, 0.5 * g * (wengert::exp(s) - 1)};
      },
      {"KL without 1/2", "the divergence's factor 1/2 is lost backward", two(133, {4, 3}),
       Hint::factor}));
  list.push_back(op_mutant<1>(
      "log_det", [](V s) { return sum(s, -1); },
      [](V s, V, V g) { return broadcast_to(-unsqueeze(g, -1), s.shape()); },
      [](V s, V, V g) { return broadcast_to(unsqueeze(g, -1), s.shape()); },
      {"log-determinant's sign",
       "a flow's log-determinant is differentiated as the inverse's",
       {normal(135, {4, 3})},
       Hint::sign}));
  const Tensor noise = normal(137, {4, 3});
  list.push_back(op_mutant<2>(
      "reparameterise",
      [noise](V m, V s) { return m + wengert::exp(0.5 * s) * constant(noise, s); },
      [noise](V, V s, V, V g) {
        return Pair{1 * g, g * wengert::exp(0.5 * s) * constant(noise, s)};
      },
      [noise](V, V s, V, V g) {
        return Pair{1 * g, 0.5 * g * wengert::exp(0.5 * s) * constant(noise, s)};
      },
      {"noise' 1/2", "d/ds of e^(s/2) without the 1/2", two(138, {4, 3}), Hint::factor}));

  // First derivatives are right; the pullback contains an op whose own pullback is not.
  const auto plain_square = [](V x) { return x * x; };
  const auto half_square =
      custom_op<1>("inner_square", plain_square, [](V x, V, V g) { return g * x; });
  list.push_back(second_order(op_mutant<1>(
      "cube", [](V x) { return x * x * x; },
      [half_square](V x, V, V g) { return 3 * g * half_square(x); },
      [](V x, V, V g) { return 3 * g * x * x; },
      {"second derivative halved",
       "the first derivative is right, its own derivative is halved",
       {normal(140, {4})},
       Hint::factor})));
  list.back().culprit = "inner_square";
  const auto flat_sigmoid = custom_op<1>(
      "inner_sigmoid", [](V x) { return sigmoid(x); }, [](V, V y, V g) { return g * (1 - y); });
  list.push_back(second_order(op_mutant<2>(
      "bce", [](V z, V t) { return logistic_loss(z, t); },
      [flat_sigmoid](V z, V t, V, V g) {
        return Pair{g * (flat_sigmoid(z) - t), -(g * z)};
      },
      [](V z, V t, V, V g) {
        return Pair{g * (sigmoid(z) - t), -(g * z)};
      },
      {"second derivative of BCE",
       "right gradient from logits, wrong second derivative",
       {normal(141, {4, 3}), uniform(142, {4, 3}, 0, 1)},
       Hint::formula,
       Tier::second_order,
       "PyTorch issue 79609"})));
  list.back().culprit = "inner_sigmoid";
  list.push_back(second_order(op_mutant<1>(
      "sigmoid", [](V x) { return sigmoid(x); },
      [](V, V y, V g) { return g * (y * (1 - y)).value(); },
      [](V, V y, V g) { return g * y * (1 - y); },
      {"slope held fixed",
       "the pullback takes its slope off the tape: the Hessian is 0",
       {normal(143, {4})},
       Hint::off_tape})));
  list.back().culprit = "";
  return list;
}

}  // namespace wengert::mutants
