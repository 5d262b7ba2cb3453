// SPDX-License-Identifier: MIT
// What the losses share: checking ranges, keeping masked entries out, weighting and reducing. The
// formulas are in loss.cpp.
#pragma once

#include <string>

#include "loss.h"

namespace wengert::detail {

/// "[3, 17]": where element number `element` of a row-major tensor stands.
std::string place(const Shape& shape, std::size_t element);

/// The numbers that a loss accepts, both ends included.
struct Range {
  double low;
  double high;
  bool open = false;  ///< `low` itself is outside
};

/// One pass over `x`; NaN passes. Errors: ValueError "loss: what lie in [low, high]: 255 at [3,
/// 17]; cure".
void require_range(const char* loss, const char* what, const Tensor& x, Range range,
                   const char* cure);

/// Errors: ValueError "loss: targets are -1 and 1: 0.5 at [3, 17]; ...".
void require_signs(const char* loss, const Tensor& target);

/// Errors: ShapeError.
void require_equal_shapes(const char* loss, const Var& prediction, const Var& target);

/// `x` with `value` wherever the mask, which has x's leading axes, is 0: what is masked takes no
/// part in the loss's arithmetic, or its NaN would come back as 0 x NaN in the gradient. `x` itself
/// without a mask.
Var without_masked(const char* loss, const Var& x, const Weighting& weighting, double value);
/// The same for labels, which become 0.
Var labels_without_masked(const char* loss, const Var& labels, const Weighting& weighting);

/// Weights and reduces the losses of single elements or rows.
Var reduced(const char* loss, const Var& losses, const Weighting& weighting);

}  // namespace wengert::detail
