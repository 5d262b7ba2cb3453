// SPDX-License-Identifier: MIT
// What happens to a gradient and its weights before the recurrence sees them. Internal.
#pragma once

#include <cstddef>
#include <limits>

#include "../graph/dtype.h"

namespace wengert::detail {

/// gradient <- scale clamp(gradient, +-value) + l2 w + l1 sign(w);   weight <- shrink w
struct Preparation {
  double value = std::numeric_limits<double>::infinity();
  double scale = 1.0;
  double l1 = 0.0;
  double l2 = 0.0;
  double shrink = 1.0;

  bool changes() const { return *this != Preparation{}; }
  bool operator==(const Preparation&) const = default;
  void run(DType dtype, std::size_t count, const void* weight, const void* gradient,
           void* new_weight, void* new_gradient) const;
};

}  // namespace wengert::detail
