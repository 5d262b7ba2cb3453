// SPDX-License-Identifier: MIT
#include "nn/loss_table.h"

#include <wengert/wengert.h>

namespace loss_table {

using namespace wengert;

Tensor normal(const Shape& shape) { return Rng{3}.normal(shape); }
Tensor labels() { return Rng{4}.integers(0, 3, {samples}); }
Tensor one_hot() { return wengert::one_hot(labels(), 3).value(); }
Tensor distributions() { return softmax(Var(normal({samples, 3}))).value(); }
Tensor binary(std::size_t columns) { return Rng{5}.integers(0, 2, {samples, columns}).to(f32); }
Tensor grey(std::size_t columns) { return Rng{6}.uniform({samples, columns}); }
Tensor counts() { return Rng{7}.integers(0, 9, {samples, 3}).to(f32); }
Tensor signs() { return (2 * Var(binary(3)) - 1).value(); }

Var no_activation(const Var& x) { return x; }
Var softmax_of_rows(const Var& x) { return softmax(x); }
Var reshaped_sigmoid(const Var& x) { return flatten(reshape(sigmoid(x), {samples, 1, -1})); }

namespace {
Var log_softmax_of_rows(const Var& x) { return log_softmax(x); }
Var leaky(const Var& x) { return leaky_relu(x); }
}  // namespace

const std::vector<Combination>& combinations() {
  static const std::vector<Combination> table = [] {
    const Tensor numbers = normal({samples, 3});
    const Tensor positive = exp(Var(numbers)).value();
    const Tensor limited = wengert::tanh(Var(numbers)).value();
    const Tensor counted = counts();
    const Tensor class_labels = labels();
    const std::string linear = "none (linear)";
    return std::vector<Combination>{
        {"numbers", linear, mse, no_activation, numbers},
        {"numbers", linear, mae, no_activation, numbers},
        {"numbers", linear, huber, no_activation, numbers},
        {"numbers", linear, huber_with(0.1), no_activation, numbers, 3, false},
        {"numbers", "leaky_relu", mse, leaky, numbers, 3, false},
        {"numbers", linear + ", twice as many outputs", gaussian_nll, no_activation, numbers, 6},
        {"numbers in [-1, 1]", "tanh", mse, wengert::tanh, limited},
        {"positive numbers", "softplus", msle, softplus, positive},
        {"positive numbers", "exp", msle, exp, positive},
        {"positive numbers", "exp", mse, exp, positive, 3, false},
        {"counts", linear, poisson_nll_from_log, no_activation, counted},
        {"counts", "exp", poisson_nll, exp, counted},
        {"counts", "softplus", poisson_nll, softplus, counted},
        {"counts", linear, mse, no_activation, counted, 3, false},
        {"counts", "softplus", msle, softplus, counted, 3, false},
        {"yes or no", linear, bce_from_logits, no_activation, binary(1), 1},
        {"yes or no", "sigmoid", bce, sigmoid, binary(1), 1},
        {"several of many", linear, bce_from_logits, no_activation, binary(3)},
        {"several of many", "sigmoid", bce, sigmoid, binary(3)},
        {"grey values in [0, 1]", linear, bce_from_logits, no_activation, grey(3)},
        {"grey values in [0, 1]", "sigmoid", bce, sigmoid, grey(3)},
        {"grey values in [0, 1]", "sigmoid", bce, reshaped_sigmoid, grey(3), 3, false},
        {"grey values in [0, 1]", linear, mse, no_activation, grey(3)},
        {"grey values in [0, 1]", "sigmoid", mse, sigmoid, grey(3)},
        {"one class of many", linear, cross_entropy, no_activation, class_labels},
        {"one class of many", linear, cross_entropy, no_activation, one_hot(), 3, false},
        {"one class of many", "log_softmax", cross_entropy, log_softmax_of_rows, class_labels, 3,
         false},
        {"one class of many", "softmax", cross_entropy_from_probabilities, softmax_of_rows,
         class_labels},
        {"one class of many", "softmax", cross_entropy_from_probabilities, softmax_of_rows,
         one_hot(), 3, false},
        {"one class of many", linear, categorical_hinge, no_activation, class_labels},
        {"distributions over classes", linear, kl_divergence_from_logits, no_activation,
         distributions()},
        {"distributions over classes", linear, cross_entropy, no_activation, distributions()},
        {"distributions over classes", "softmax", kl_divergence, softmax_of_rows, distributions()},
        {"distributions over classes", "softmax", cross_entropy_from_probabilities, softmax_of_rows,
         distributions(), 3, false},
        {"-1 and 1", linear, hinge, no_activation, signs()},
        {"-1 and 1", "tanh", hinge, wengert::tanh, signs(), 3, false},
    };
  }();
  return table;
}

}  // namespace loss_table
