// SPDX-License-Identifier: MIT
// Plain values where a parameter finds its tape by them.
#pragma once

#include <span>
#include <vector>

#include "../../graph/var.h"

namespace wengert::detail {

/// x as an input of `on`'s tape, if x is on none: a layer that is given a plain value would take
/// its parameters as plain values too, and they would get no gradient.
Var on_same_tape(const Var& x, const Var& on);
std::vector<Var> on_same_tape(std::span<const Var> xs, const Var& on);

}  // namespace wengert::detail
