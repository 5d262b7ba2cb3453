// SPDX-License-Identifier: MIT
#include "sequence_mask.h"

#include <algorithm>

#include <fmt/format.h>

#include "../../graph/error.h"
#include "../../graph/format.h"
#include "../../ops/arithmetic.h"
#include "../../ops/layout.h"

namespace wengert {

Tensor sequence_mask(std::span<const std::size_t> lengths, std::size_t steps) {
  if (lengths.empty()) throw ValueError("sequence_mask: no lengths were given");
  const std::size_t longest = *std::max_element(lengths.begin(), lengths.end());
  if (steps == 0) steps = longest;
  Tensor mask = zeros({steps, lengths.size()});
  const std::span<float> values = mask.mutable_data<float>();
  for (std::size_t b = 0; b < lengths.size(); ++b) {
    if (lengths[b] == 0 || lengths[b] > steps)
      throw ValueError(fmt::format("sequence_mask: sequence {} has {} steps; 1 to {} are possible",
                                   b, lengths[b], steps));
    for (std::size_t t = 0; t < lengths[b]; ++t) values[t * lengths.size() + b] = 1.0F;
  }
  return mask;
}

namespace detail {

void require_sequence_mask(const char* what, const Tensor& mask, std::size_t steps,
                           std::size_t batch) {
  if (mask.shape() != Shape{steps, batch})
    throw ShapeError(fmt::format("{}: the mask of {} steps of {} sequences is [{}, {}], got {}",
                                 what, steps, batch, steps, batch, mask.shape()));
  const Tensor plain = mask.to(f64);
  const std::span<const double> values = plain.data<double>();
  for (std::size_t b = 0; b < batch; ++b) {
    bool ended = false;
    for (std::size_t t = 0; t < steps; ++t) {
      const double value = values[t * batch + b];
      if (value != 0.0 && value != 1.0)
        throw ValueError(
            fmt::format("{}: the mask is {} at step {} of sequence {}; it has to be 0 or 1", what,
                        value, t, b));
      if (value == 1.0 && ended)
        throw ValueError(fmt::format(
            "{}: sequence {} goes on at step {} after padding; its real steps have to come "
            "first, "
            "without a hole (a missing observation is data: NaN for a KalmanCell, elsewhere an "
            "input that says so)",
            what, b, t));
      ended = value == 0.0;
    }
    if (values[b] == 0.0)
      throw ValueError(fmt::format(
          "{}: the mask of sequence {} is 0 at every step; leave it out of the batch", what, b));
  }
}

Var mask_row(const Var& mask, std::size_t t, const Var& like) {
  const std::size_t batch = mask.shape()[1];
  const Var row = select(mask, 0, static_cast<std::int64_t>(t));
  Shape shape{batch};
  for (std::size_t axis = 1; axis < like.rank(); ++axis) shape.append(1);
  return reshape(row.dtype() == like.dtype() ? row : cast(row, like.dtype()), shape);
}

Var real_input(const Var& mask, std::size_t t, const Var& x) {
  if (!mask.value().defined() || all_real(mask.value(), t)) return x;
  // The row is itself 0 where it is not real; a constant 0 would be one more leaf a step, which no
  // checkpoint forgets.
  const auto real = [&](const Var& values) {
    const Var row = mask_row(mask, t, values);
    return where(row, values, row);
  };
  if (is_float(x.dtype())) return real(x);
  return cast(real(cast(x, f64)), x.dtype());  // tokens are below 2^53, so exact
}

bool all_real(const Tensor& mask, std::size_t t) {
  const Tensor row = select(Var(mask), 0, static_cast<std::int64_t>(t)).value().to(f64);
  const std::span<const double> values = row.data<double>();
  return std::all_of(values.begin(), values.end(), [](double value) { return value == 1.0; });
}

std::vector<std::size_t> last_steps(const Tensor& mask) {
  const Tensor plain = mask.to(f64);
  const std::span<const double> values = plain.data<double>();
  const std::size_t steps = mask.shape()[0], batch = mask.shape()[1];
  std::vector<std::size_t> result(batch, 0);
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t b = 0; b < batch; ++b)
      if (values[t * batch + b] == 1.0) result[b] = t;
  return result;
}

}  // namespace detail
}  // namespace wengert
