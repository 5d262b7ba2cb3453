// SPDX-License-Identifier: MIT
#include "linear.h"

namespace wengert {

void Linear::make_weight(const Var& x) const {
  const std::size_t in = detail::told_by("Linear", x);
  weight = Parameter(pending_->weight({pending_->outputs, in}, pending_->rng), "weight");
  pending_.reset();
}

}  // namespace wengert
