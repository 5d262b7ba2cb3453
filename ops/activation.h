// SPDX-License-Identifier: MIT
// Activation functions, element by element, in forms that neither overflow nor cancel. Operands and
// results are f32 or f64 of any shape. Errors: DTypeError for i64.
#pragma once

#include "../graph/var.h"

namespace wengert {

/// (e^x - e^-x) / (e^x + e^-x)
Var tanh(const Var& x);
/// 1 / (1 + e^-x)
Var sigmoid(const Var& x);
/// ln sigmoid(x) = -softplus(-x)
Var log_sigmoid(const Var& x);
/// ln(1 + e^x)
Var softplus(const Var& x);
/// x / (1 + |x|)
Var softsign(const Var& x);
/// max(x, 0); the derivative at 0 is 0
Var relu(const Var& x);
/// x for x > 0, else slope x
Var leaky_relu(const Var& x, double slope = 0.01);
/// x for x > 0, else alpha (e^x - 1) (Clevert et al. 2015)
Var elu(const Var& x, double alpha = 1.0);
/// scale elu(x, alpha) with the constants of self-normalising nets (Klambauer et al. 2017)
Var selu(const Var& x);
/// x Phi(x), Phi the normal distribution function (Hendrycks and Gimpel 2016)
Var gelu(const Var& x);
/// x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2, the approximation of the same paper
Var gelu_tanh(const Var& x);
/// x sigmoid(x)
Var silu(const Var& x);

/// softplus(logit) - target logit, the binary cross-entropy of a logit, element by element; targets
/// lie in [0, 1] and have the logits' shape (or broadcast).
Var logistic_loss(const Var& logit, const Var& target);

}  // namespace wengert
