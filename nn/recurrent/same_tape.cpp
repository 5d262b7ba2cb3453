// SPDX-License-Identifier: MIT
#include "same_tape.h"

#include "../../graph/recording.h"

namespace wengert::detail {

Var on_same_tape(const Var& x, const Var& on) {
  if (x.on_tape() || !on.on_tape()) return x;
  return Recording::of(on)->leaf(x.value(), Leaf::input);
}

}  // namespace wengert::detail
