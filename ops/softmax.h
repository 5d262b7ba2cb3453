// SPDX-License-Identifier: MIT
// Softmax and the losses that contain it, from logits, stable at any magnitude. f32 or f64.
// Errors: ShapeError if the axis is outside or has no elements; DTypeError for i64 logits.
#pragma once

#include <cstdint>

#include "../graph/var.h"

namespace wengert {

/// e^x / sum e^x along `axis`; x's shape
Var softmax(const Var& x, std::int64_t axis = -1);
/// x - ln sum e^x along `axis`; x's shape
Var log_softmax(const Var& x, std::int64_t axis = -1);

/// -log_softmax(logits)[label] of every row: logits [..., classes], labels i64 [...] -> [...].
/// Errors: ValueError if a label is outside [0, classes); ShapeError; DTypeError.
Var softmax_cross_entropy(const Var& logits, const Var& labels);
/// -sum target log_softmax(logits) of every row; targets are distributions [..., classes].
Var softmax_cross_entropy_with_distribution(const Var& logits, const Var& targets);

}  // namespace wengert
