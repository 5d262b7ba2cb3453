// SPDX-License-Identifier: MIT
#include "same_tape.h"

#include "../../graph/recording.h"

namespace wengert::detail {

Var on_same_tape(const Var& x, const Var& on) {
  if (x.on_tape() || !on.on_tape()) return x;
  return Recording::of(on)->leaf(x.value(), Leaf::input);
}

std::vector<Var> on_same_tape(std::span<const Var> xs, const Var& on) {
  std::vector<Var> result;
  result.reserve(xs.size());
  for (const Var& x : xs) result.push_back(on_same_tape(x, on));
  return result;
}

}  // namespace wengert::detail
