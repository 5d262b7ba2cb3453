// SPDX-License-Identifier: MIT
#include "orthogonal_rnn_cell.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "../../graph/error.h"
#include "../../ops/arithmetic.h"
#include "../../ops/elementwise.h"
#include "../../ops/layout.h"
#include "../../ops/linalg.h"
#include "../../ops/reduce.h"
#include "gates.h"

namespace wengert {

OrthogonalRnnCell::OrthogonalRnnCell(std::size_t in, std::size_t n, Rng& rng,
                                     const Options& options)
    : activation(options.activation) {
  detail::require_sizes("OrthogonalRnnCell", in, n);
  if (options.reflections == 0)
    throw ValueError(
        "OrthogonalRnnCell: without reflections nothing of the recurrence is trained; ask for 1 or "
        "more");
  W = Parameter(options.input({n, in}, rng), "W");
  V = Parameter(rng.normal({options.reflections, n}), "V");
  b = Parameter(zeros({n}), "b");
  const Tensor fixed = options.fixed({n, n}, rng);
  const Tensor product = matmul(fixed, fixed, {.right = true}).value();
  double worst = 0.0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      worst = std::max(worst, std::abs(static_cast<double>(product.data<float>()[i * n + j]) -
                                       (i == j ? 1.0 : 0.0)));
  if (!(worst < 1e-5))
    throw ValueError(
        fmt::format("OrthogonalRnnCell: the initialiser of Q gives Q Q' that is off the identity "
                    "by {:.1e}; it has to be orthogonal, as init::orthogonal is",
                    worst));
  Q = Buffer(fixed);
}

Var OrthogonalRnnCell::rotated(const Var& h) const { return rotated(h, h); }

Var OrthogonalRnnCell::rotated(const Var& h, const Var& on) const {
  Var result = linear(h, Var(Q.value()));
  const auto count = static_cast<std::int64_t>(V.shape()[0]);
  const Var vectors = V.on(on);
  for (std::int64_t k = count - 1; k >= 0; --k) {
    const Var v = slice(vectors, 0, k, k + 1);  // [1, n]
    const Var along = linear(result, v) * (2.0 / sum(square(v)));
    result = result - along * v;
  }
  return result;
}

Var OrthogonalRnnCell::operator()(const Var& x, const Var& h) const {
  detail::require_width("OrthogonalRnnCell", "x", x, W);
  detail::require_width("OrthogonalRnnCell", "h", h, V);
  const Var& on = detail::anchor(x, h);
  return activate(activation, linear(x, W.on(on), b.on(on)) + rotated(h, on));
}

Var OrthogonalRnnCell::initial(const Var& x) const {
  return detail::zero_state("OrthogonalRnnCell", x, b.shape()[0], b.dtype());
}

}  // namespace wengert
