// SPDX-License-Identifier: MIT
// Recurrent nets over whole sequences, one op each; step by step they are nn/'s. Time is the
// leading axis. Operands are all f32 or all f64; a sequence of no steps or no rows is empty, its
// gradients 0. Errors of all: ShapeError if the operands do not fit each other; DTypeError if their
// dtypes differ or are i64.
#pragma once

#include "../graph/var.h"

namespace wengert {

enum class SequenceActivation { tanh, relu, sigmoid, identity };

/// h_t = activation(x_t W_xh^T + h_{t-1} W_hh^T + b) with h_{-1} = h0 (Elman 1990).
/// x [T, B, in], h0 [B, n], W_xh [n, in], W_hh [n, n], b [n] -> all h_t, [T, B, n]
Var rnn_sequence(const Var& x, const Var& h0, const Var& W_xh, const Var& W_hh, const Var& b,
                 SequenceActivation activation = SequenceActivation::tanh);

struct HiddenAndCell {
  Var h;  ///< [T, B, n]
  Var c;  ///< [T, B, n]
};

/// i, f, o = sigmoid and g = tanh of the four blocks i f g o of x_t W_x^T + h_{t-1} W_h^T + b;
/// c_t = f c_{t-1} + i g, h_t = o tanh(c_t) (Gers et al. 2000; PyTorch's order of the blocks, its
/// two biases added up).
/// x [T, B, in], h0 [B, n], c0 [B, n], W_x [4n, in], W_h [4n, n], b [4n]
HiddenAndCell lstm_sequence(const Var& x, const Var& h0, const Var& c0, const Var& W_x,
                            const Var& W_h, const Var& b);

enum class GruConvention {
  reset_after,   ///< n = tanh(. + r (W_hn h + b_hn)), as PyTorch and cuDNN have it
  reset_before,  ///< n = tanh(. + W_hn (r h) + b_hn), as Cho et al. 2014 have it
};

/// r, z = sigmoid and n = tanh of the three blocks r z n of x_t W_x^T + b_x + h_{t-1} W_h^T + b_h,
/// where r multiplies the recurrent part of n as the convention says; h_t = (1 - z) n + z h_{t-1}.
/// x [T, B, in], h0 [B, n], W_x [3n, in], W_h [3n, n], b_x [3n], b_h [3n] -> all h_t, [T, B, n]
Var gru_sequence(const Var& x, const Var& h0, const Var& W_x, const Var& W_h, const Var& b_x,
                 const Var& b_h, GruConvention convention = GruConvention::reset_after);

}  // namespace wengert
