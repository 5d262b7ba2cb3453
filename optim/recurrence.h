// SPDX-License-Identifier: MIT
// An optimizer's recurrence as one lambda over lanes, run once over all that it reads. Internal.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "../ops/lanes.h"

namespace wengert::detail {

/// The same number in every lane.
template <class T>
struct ToLanes {
  Lanes<T> operator()(double value) const { return Lanes<T>(static_cast<T>(value)); }
};

/// `make(ToLanes<T>{})` turns constants into lanes and returns the recurrence, a function of
/// (weight, gradient, slots...) that returns the array (new weight, new slots...).
template <std::size_t slots, class Step, class Make>
void run_recurrence(const Step& step, Make make) {
  dispatch_float(step.dtype, [&]<class T>(T) {
    const auto recurrence = make(ToLanes<T>{});
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      transform_many<T, 1 + slots, 2 + slots>(
          step.size, {step.template result<T>(), step.template slot<T>(K)...},
          {step.template weight<T>(), step.template gradient<T>(), step.template slot<T>(K)...},
          recurrence);
    }
    (std::make_index_sequence<slots>{});
  });
}

}  // namespace wengert::detail
