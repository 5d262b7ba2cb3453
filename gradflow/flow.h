// SPDX-License-Identifier: MIT
// The instruments that cost next to nothing, from what a training step has at hand: for every step
// of a training (D1 and D8 of docs/vanishing_gradients.md).
#pragma once

#include <span>

#include "../graph/gradients.h"
#include "../graph/var.h"
#include "../nn/recurrent/activation.h"
#include "credit.h"

namespace wengert::gradflow {

/// ln |dL/dh_t| from a backward pass that was asked for the states too:
///
///     const Gradients gradients = tape.backward(loss, wrt(parameters(model), run.h));
///     const GradientFlow flow = gradflow::flow(gradients, run.h);
///
/// In the tape's own dtype: what float32 could not hold is -inf here, as it is for the training.
/// Errors: ValueError for no states or an empty batch; TapeError if a state has no gradient.
GradientFlow flow(const Gradients& gradients, std::span<const Var> hs);

/// The share of the elements of h = phi(a) at which |phi'(a)| < 0.05; phi' follows from h. Of
/// an LSTM or GRU h is no phi(a): `saturation` looks at the gates. Errors: ValueError for no states
/// or an empty batch.
double saturated_share(std::span<const Var> hs, Activation activation);

}  // namespace wengert::gradflow
