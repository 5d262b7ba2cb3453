// SPDX-License-Identifier: MIT
#include "dropout.h"

#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/mode.h"
#include "../ops/random.h"
#include "state_watch.h"

namespace wengert {

Dropout::Dropout(double drop_rate, Rng& random) : rate(drop_rate), rng(random.split()) {
  if (!(rate >= 0.0 && rate < 1.0))
    throw ValueError(fmt::format(
        "Dropout: the rate is the share that is dropped, in [0, 1): {}; a percentage?", rate));
}

Var Dropout::operator()(const Var& x) const {
  if (rate != 0.0) detail::StateWatch::note("Dropout", &rng, x.shape());
  return training(x) ? dropout(x, rate, rng) : x;
}

}  // namespace wengert
