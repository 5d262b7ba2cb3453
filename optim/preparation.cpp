// SPDX-License-Identifier: MIT
#include "preparation.h"

#include "recurrence.h"

namespace wengert::detail {

void Preparation::run(DType dtype, std::size_t count, const void* weight, const void* gradient,
                      void* new_weight, void* new_gradient) const {
  dispatch_float(dtype, [&]<class T>(T) {
    const ToLanes<T> lanes;
    transform_many<T, 2, 2>(
        count, {static_cast<T*>(new_weight), static_cast<T*>(new_gradient)},
        {static_cast<const T*>(weight), static_cast<const T*>(gradient)},
        [high = lanes(value), low = lanes(-value), scale = lanes(scale), l1 = lanes(l1),
         l2 = lanes(l2), shrink = lanes(shrink)](auto w, auto g) {
          const auto above = where(g > high, high, g);  // NaN stays NaN
          const auto limited = where(above < low, low, above);
          return std::array{shrink * w, scale * limited + l2 * w + l1 * sign(w)};
        });
  });
}

}  // namespace wengert::detail
