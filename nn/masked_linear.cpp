// SPDX-License-Identifier: MIT
#include "masked_linear.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/members.h"
#include "../ops/arithmetic.h"
#include "../ops/linalg.h"

namespace wengert {
namespace {

// where and not a product: -1 times 0 is a zero with a sign, and NaN times 0 is NaN.
Var masked(const Var& weight, const Tensor& mask) { return where(mask, weight, 0.0); }

/// The first value that is neither 0 nor 1.
std::optional<float> stray_of(const Tensor& mask) {
  for (const float value : mask.data<float>())
    if (value != 0.0F && value != 1.0F) return value;
  return {};
}

Tensor checked_mask(const Tensor& active) {
  if (active.rank() != 2 || active.size() == 0)
    throw ShapeError(
        fmt::format("MaskedLinear: the mask is [out, in], got {}", to_string(active.shape())));
  Tensor mask = active.to(f32);
  if (const auto stray = stray_of(mask))
    throw ValueError(
        fmt::format("MaskedLinear: the mask holds {}, but is to be of zeros and ones", *stray));
  return mask;
}

void check_density(double density) {
  if (!(density > 0.0 && density <= 1.0))
    throw ValueError(fmt::format(
        "random_mask: the density is the share of active weights, in (0, 1]: {}", density));
}

/// Rows of the mask by their number of ones.
std::map<std::size_t, std::vector<std::size_t>> rows_by_fan_in(const Tensor& mask) {
  const std::size_t in = mask.shape()[1];
  std::map<std::size_t, std::vector<std::size_t>> rows;
  for (std::size_t row = 0; row < mask.shape()[0]; ++row) {
    const auto values = mask.data<float>().subspan(row * in, in);
    rows[static_cast<std::size_t>(std::count(values.begin(), values.end(), 1.0F))].push_back(row);
  }
  return rows;
}

}  // namespace

MaskedLinear::MaskedLinear(const Tensor& active, Rng& rng, const Options& options) {
  const Tensor checked = checked_mask(active);
  if (options.bias) bias = Parameter(zeros({checked.shape()[0]}), "bias");
  fill(checked, options.weight, rng);
}

MaskedLinear::MaskedLinear(std::size_t in, std::size_t out, double density, Rng& rng,
                           const Options& options)
    : MaskedLinear(random_mask(in, out, density, rng), rng, options) {}

MaskedLinear::MaskedLinear(Infer, std::size_t out, double density, Rng& rng, const Options& options)
    : density_(density), pending_(detail::Pending{rng.split(), options.weight, out}) {
  check_density(density);
  if (options.bias) bias = Parameter(zeros({out}), "bias");
}

Var MaskedLinear::operator()(const Var& x) const {
  if (pending_) [[unlikely]]
    make_weight(x);
  const Var w = masked(weight.on(x), mask.value());
  return has_bias() ? linear(x, w, bias.on(x)) : linear(x, w);
}

void MaskedLinear::make_weight(const Var& x) const {
  const std::size_t in = detail::told_by("MaskedLinear", x);
  fill(random_mask(in, pending_->outputs, density_, pending_->rng), pending_->weight,
       pending_->rng);
  pending_.reset();
}

// All rows with the same number of inputs are drawn as one weight of just these inputs, so that any
// initialiser scales with what is active.
void MaskedLinear::fill(const Tensor& active, const init::Initializer& initializer,
                        Rng& rng) const {
  const std::size_t out = active.shape()[0];
  const std::size_t in = active.shape()[1];
  const auto groups = rows_by_fan_in(active);
  std::size_t ones = 0;
  for (const auto& [fan_in, rows] : groups) ones += fan_in * rows.size();
  const std::size_t fan_out = std::max<std::size_t>((ones + in / 2) / in, 1);

  Tensor values = zeros({out, in});
  const auto into = values.mutable_data<float>();
  const auto mask_values = active.data<float>();
  for (const auto& [fan_in, rows] : groups) {
    if (fan_in == 0) continue;
    Tensor drawn;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i % fan_out == 0) drawn = initializer({fan_out, fan_in}, rng);
      std::size_t next = i % fan_out * fan_in;
      for (std::size_t k = rows[i] * in; k < (rows[i] + 1) * in; ++k)
        if (mask_values[k] != 0.0F) into[k] = drawn.data<float>()[next++];
    }
  }
  weight = Parameter(std::move(values), "weight");
  mask = Buffer(active);
}

std::size_t MaskedLinear::active_weights() const {
  if (pending_) return 0;
  const Tensor values = mask.value().to(f64);
  const auto list = values.data<double>();
  return list.size() - static_cast<std::size_t>(std::count(list.begin(), list.end(), 0.0));
}

std::string MaskedLinear::find_problem(const std::string& path,
                                       const std::map<std::string, Tensor>& values,
                                       const std::string& from) {
  const std::string name = detail::path_of(path, "mask");
  const auto found = values.find(name);
  if (found == values.end()) return {};  // said by who looks for all names
  const auto stray = stray_of(found->second.to(f32));
  return stray ? fmt::format("'{}' holds {} in {}, but a mask is of zeros and ones", name, *stray,
                             from)
               : std::string();
}

void MaskedLinear::state_loaded() { weight.set(masked(Var(weight.value()), mask.value()).value()); }

Tensor random_mask(std::size_t in, std::size_t out, double density, Rng& rng) {
  check_density(density);
  if (in == 0 || out == 0)
    throw ValueError(fmt::format("random_mask: {} inputs and {} outputs leave no weight", in, out));
  const std::size_t all = in * out;
  const auto wanted = static_cast<std::size_t>(std::llround(density * static_cast<double>(all)));
  std::size_t missing = std::max(wanted, out) - out;
  Tensor mask = zeros({out, in});
  const auto values = mask.mutable_data<float>();
  const Tensor first = rng.integers(0, static_cast<std::int64_t>(in), {out});
  for (std::size_t row = 0; row < out; ++row)
    values[row * in + static_cast<std::size_t>(first.data<std::int64_t>()[row])] = 1.0F;
  const Tensor order = rng.permutation(all);
  for (const std::int64_t place : order.data<std::int64_t>()) {
    if (missing == 0) break;
    float& value = values[static_cast<std::size_t>(place)];
    if (value != 0.0F) continue;
    value = 1.0F;
    --missing;
  }
  return mask;
}

}  // namespace wengert
