// SPDX-License-Identifier: MIT
// Recurrent nets over whole sequences, one op each: what a step of them is, step by step on the
// tape, belongs to nn/. Here the products of all steps with the input are one product, a step is a
// product and one fused pass, and the gradients of the weights are gathered from many steps at
// once. Time is the leading axis, so that a step is a piece that shares memory. Operands are f32 or
// f64, all the same; a sequence of no steps or no rows gives one, and gradients of 0.
// Errors of all: ShapeError if the operands do not fit each other; DTypeError if their dtypes
// differ or are i64.
#pragma once

#include "../graph/var.h"

namespace wengert {

enum class SequenceActivation { tanh, relu, sigmoid, identity };

/// h_t = activation(x_t W_xh^T + h_{t-1} W_hh^T + b) with h_{-1} = h0 (Elman 1990).
/// x [T, B, in], h0 [B, n], W_xh [n, in], W_hh [n, n], b [n] -> all h_t, [T, B, n]
Var rnn_sequence(const Var& x, const Var& h0, const Var& W_xh, const Var& W_hh, const Var& b,
                 SequenceActivation activation = SequenceActivation::tanh);

}  // namespace wengert
