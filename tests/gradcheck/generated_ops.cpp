// SPDX-License-Identifier: MIT
#include "generated_ops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include <wengert/graph/error.h>

namespace wengert::generated {

using op_table::Domain;
using op_table::Row;
using op_table::Sample;
using op_table::Variant;

std::size_t extent(Choices& choices) {
  // Ascending, so that a byte smaller by one is never a larger case.
  constexpr std::array<std::size_t, 16> extents{1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 0};
  return extents[choices.below(extents.size())];
}

Shape shape(Choices& choices, std::size_t least) {
  Shape result;
  for (std::size_t rank = least + choices.below(5 - least); rank > 0; --rank)
    result.append(extent(choices));
  return result;
}

Shape stretchable(const Shape& full, Choices& choices) {
  const std::size_t missing = choices.one_in(3) ? choices.below(full.rank() + 1) : 0;
  Shape result;
  for (std::size_t axis = missing; axis < full.rank(); ++axis)
    result.append(choices.one_in(4) ? 1 : full[axis]);
  return result;
}

namespace {

/// Operands of any shapes that broadcast, each axis stretched on any side.
Sample elementwise_sample(const Variant& variant, Choices& choices) {
  const Shape full = shape(choices);
  Sample sample;
  for (const Domain& domain : variant.operands)
    sample.push_back({stretchable(full, choices), domain});
  return sample;
}

/// The sample with other extents, where equal ones stay equal, and a leading axis more or less. The
/// op itself says afterwards whether it takes that.
Sample varied(Sample sample, Choices& choices) {
  std::map<std::size_t, std::size_t> renamed;
  for (auto& [shape, domain] : sample)
    for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
      const auto [place, isnew] = renamed.try_emplace(shape[axis], 0);
      if (isnew) place->second = choices.one_in(2) ? extent(choices) : shape[axis];
      shape[axis] = place->second;
    }
  const std::size_t leading = choices.below(4);
  const std::size_t more = leading == 0 ? 0 : extent(choices);
  for (std::size_t k = 0; k < sample.size(); ++k) {
    Shape& shape = sample[k].shape;
    if (leading == 3 && k == 0 && shape.rank() > 0) shape = shape.without(0);
    if (!(leading == 1 && k == 0) && leading != 2) continue;
    if (shape.rank() == 4) continue;
    Shape longer{more};
    for (const std::size_t extent : shape) longer.append(extent);
    shape = longer;
  }
  return sample;
}

bool all_finite(const Tensor& tensor) {
  return dispatch(tensor.dtype(), [&]<class T>(T) {
    return std::ranges::all_of(tensor.data<T>(),
                               [](T x) { return std::isfinite(static_cast<double>(x)); });
  });
}

/// Tenths, which print well and are as far from kinks as the table's domains.
Tensor rounded(const Tensor& tensor) {
  if (!is_float(tensor.dtype())) return tensor;
  Tensor result = tensor;
  for (double& x : result.mutable_data<double>()) x = std::round(10 * x) / 10;
  return result;
}

bool takes(const op_table::Call& call, const std::vector<Tensor>& operands) {
  try {
    return all_finite(call(std::vector<Var>(operands.begin(), operands.end())).value());
  } catch (const Error&) {
    return false;
  }
}

/// The domain of the two whose values lie higher: those of a logarithm's or a quotient's operand
/// are part of those of a sum's.
const Domain& narrower(const Sample& pair) {
  const auto least = [](const Domain& domain) {
    Rng rng(1);
    const Tensor x = domain({64}, rng);
    return *std::ranges::min_element(x.data<double>());
  };
  return least(pair[0].domain) >= least(pair[1].domain) ? pair[0].domain : pair[1].domain;
}

bool two_floats_alike(const Sample& sample, const std::vector<Tensor>& operands) {
  return sample.size() == 2 && operands[0].shape() == operands[1].shape() &&
         is_float(operands[0].dtype()) && is_float(operands[1].dtype());
}

/// Draws the operands; nothing if the op or a domain does not take the shapes.
std::optional<std::vector<Tensor>> operands_of(const Drawn& drawn, Rng rng, bool in_tenths) {
  std::vector<Tensor> operands;
  try {
    operands = op_table::drawn(drawn.sample, rng);
  } catch (const Error&) {
    return {};  // a domain that lists its values takes one shape only
  }
  if (in_tenths) std::ranges::transform(operands, operands.begin(), rounded);
  if (!takes(drawn.call, operands)) return {};
  return operands;
}

Drawn drawn_of(const Row& row, Choices& choices) {
  const Recipe* const recipe = recipe_of(row);
  const std::size_t variants = row.variants.size();
  const std::size_t which = choices.below(recipe ? 2 * variants : variants);
  if (which >= variants) return (*recipe)(row, choices);
  const Variant& variant = row.variants[which];
  if (is_elementwise(variant))
    return {variant.text, variant.call, elementwise_sample(variant, choices)};
  Drawn drawn{variant.text, variant.call, variant.samples[choices.below(variant.samples.size())]};
  for (int attempt = 0; attempt < 4 && choices.one_in(2); ++attempt) {
    const Drawn other{drawn.text, drawn.call, varied(drawn.sample, choices)};
    if (!operands_of(other, Rng(1), false)) continue;
    drawn.sample = other.sample;
    break;
  }
  return drawn;
}

void alias(Case& result, const Drawn& drawn, Rng rng, bool in_tenths) {
  const Tensor x = narrower(drawn.sample)(drawn.sample[0].shape, rng);
  const auto once = [call = drawn.call](std::span<const Var> xs) {
    return call(std::vector<Var>{xs[0], xs[0]});
  };
  const std::vector<Tensor> operands{in_tenths ? rounded(x) : x};
  if (!takes(once, operands)) return;
  result.text += " with both operands the same";
  result.call = once;
  result.operands = operands;
}

}  // namespace

std::optional<Case> case_of(const Row& row, std::span<const std::uint8_t> bytes,
                            std::optional<DType> dtype) {
  Choices choices(bytes);
  const DType drawn_dtype = choices.below(2) == 0 ? f64 : f32;
  const bool in_tenths = choices.below(3) == 0;
  const bool twice = choices.one_in(8);
  const bool aliased = choices.one_in(4);
  const Rng rng(1964, choices.below(251));
  const Drawn drawn = drawn_of(row, choices);
  const auto operands = operands_of(drawn, rng, in_tenths);
  if (!operands) return {};

  Case result{drawn.text, drawn.call, *operands, twice && row.twice_differentiable};
  if (aliased && two_floats_alike(drawn.sample, *operands)) alias(result, drawn, rng, in_tenths);
  for (Tensor& operand : result.operands)
    if (is_float(operand.dtype())) operand = operand.to(dtype.value_or(drawn_dtype));
  return result;
}

std::string to_string(const Case& one) {
  std::string text = one.text + " on";
  for (const Tensor& operand : one.operands)
    text += " " + std::string(to_string(operand.dtype())) + " " + to_string(operand.shape());
  if (one.second_order) text += ", second derivative";
  for (std::size_t k = 0; k < one.operands.size(); ++k)
    text += "\n  operand " + std::to_string(k) + "   " + to_string(one.operands[k]);
  return text;
}

}  // namespace wengert::generated
