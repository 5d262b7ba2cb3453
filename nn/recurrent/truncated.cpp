// SPDX-License-Identifier: MIT
#include "truncated.h"

#include <cmath>
#include <unordered_set>

#include <fmt/format.h>

#include "../../graph/error.h"
#include "../../graph/recording.h"

namespace wengert::detail {

void require_truncation(const TruncationOptions& options, std::size_t steps) {
  if (options.every == 0 || options.back == 0)
    throw ValueError(
        fmt::format("truncated_bptt: every {} steps back through {}; both have to be at least 1",
                    options.every, options.back));
  if (options.every > options.back)
    throw ValueError(fmt::format(
        "truncated_bptt: every {} steps back through {} would lose the losses of {} steps; `back` "
        "has to be at least `every`",
        options.every, options.back, options.every - options.back));
  if (options.back > steps)
    throw ValueError(
        fmt::format("truncated_bptt: back through {} steps of a sequence of {}; the whole sequence "
                    "is `back` = {}",
                    options.back, steps, steps));
}

Var input_like(const Var& on, const Var& value) {
  Recording* recording = Recording::of(on);
  if (!recording)
    throw TapeError(
        "truncated_bptt: neither the inputs nor the first state is on a tape; use tape.input(x)");
  return recording->leaf(value.value(), Leaf::input);
}

TruncationError compared(std::span<const Parameter* const> parameters, const Gradients& full,
                         const Gradients& truncated) {
  double product = 0.0;
  double full_square = 0.0;
  double truncated_square = 0.0;
  std::unordered_set<std::uint64_t> seen;
  for (const Parameter* parameter : parameters) {
    const Var* whole = full.find(*parameter);
    if (!whole || !seen.insert(parameter->id()).second) continue;
    const Tensor a = whole->value().to(f64);
    const Var* part = truncated.find(*parameter);
    const Tensor b = part ? part->value().to(f64) : zeros(a.shape(), f64);
    for (std::size_t i = 0; i < a.size(); ++i) {
      product += a.data<double>()[i] * b.data<double>()[i];
      full_square += a.data<double>()[i] * a.data<double>()[i];
      truncated_square += b.data<double>()[i] * b.data<double>()[i];
    }
  }
  return {product / std::sqrt(full_square * truncated_square), std::sqrt(truncated_square),
          std::sqrt(full_square)};
}

}  // namespace wengert::detail
