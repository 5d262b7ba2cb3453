// SPDX-License-Identifier: MIT
#include "table.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "table_families.h"

namespace wengert::op_table {

namespace {

struct Family {
  std::string name;
  std::vector<Row> (*rows)();
};
const std::array<Family, 10> all_families{{{"activation", activation_rows},
                                           {"arithmetic", arithmetic_rows},
                                           {"elementwise", elementwise_rows},
                                           {"indexing", indexing_rows},
                                           {"layout", layout_rows},
                                           {"linalg", linalg_rows},
                                           {"random", random_rows},
                                           {"reduce", reduce_rows},
                                           {"sequence", sequence_rows},
                                           {"softmax", softmax_rows}}};

/// Shapes for one, two and three operands that broadcast: every axis stretched in turn, one
/// element, none, and enough for several SIMD registers with a rest.
std::vector<std::vector<Shape>> broadcasting_shapes(std::size_t operands) {
  switch (operands) {
    case 1: return {{{2, 3}}, {{}}, {{1}}, {{0, 3}}, {{37}}};
    case 2:
      return {{{2, 3}, {2, 3}},       {{3, 1}, {1, 4}}, {{2, 2, 3}, {3}}, {{1}, {1}},
              {{2, 1, 2}, {1, 3, 1}}, {{}, {5}},        {{0, 3}, {3}},    {{19}, {19}}};
    default:
      return {{{2, 3}, {2, 3}, {2, 3}}, {{3, 1}, {1, 4}, {}},  {{2}, {3, 1}, {3, 2}},
              {{1}, {2, 1, 2}, {3, 1}}, {{0, 2}, {2}, {1, 2}}, {{19}, {19}, {19}}};
  }
}

template <class F>
Tensor generated(const Shape& shape, F f) {
  Tensor result = Tensor::empty(shape, f64);
  std::ranges::generate(result.mutable_data<double>(), f);
  return result;
}

}  // namespace

const std::vector<Row>& rows() {
  static const std::vector<Row> table = [] {
    std::vector<Row> result;
    for (const Family& family : all_families)
      for (Row& row : family.rows()) {
        row.family = family.name;
        for (Variant& variant : row.variants)
          if (variant.text.empty()) variant.text = row.name;
        result.push_back(std::move(row));
      }
    return result;
  }();
  return table;
}

const std::vector<std::string>& families() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const Family& family : all_families) result.push_back(family.name);
    return result;
  }();
  return names;
}

std::vector<Sample> samples_of(const Variant& variant) {
  if (!is_elementwise(variant)) return variant.samples;
  std::vector<Sample> samples;
  for (const std::vector<Shape>& shapes : broadcasting_shapes(variant.operands.size())) {
    Sample sample;
    for (std::size_t k = 0; k < shapes.size(); ++k)
      sample.push_back({shapes[k], variant.operands[k]});
    samples.push_back(std::move(sample));
  }
  return samples;
}

std::vector<Tensor> drawn(const Sample& sample, Rng& rng, DType dtype) {
  std::vector<Tensor> operands;
  for (const auto& [shape, domain] : sample) {
    const Tensor operand = domain(shape, rng);
    operands.push_back(operand.dtype() == i64 ? operand : operand.to(dtype));
  }
  return operands;
}

Domain reals(double low, double high) { return reals_apart(low, high, {}); }

Domain reals_apart(double low, double high, std::vector<double> kinks) {
  return [=](const Shape& shape, Rng& rng) {
    return generated(shape, [&] {
      for (;;) {
        const double x = low + (high - low) * rng.uniform();
        if (std::ranges::none_of(kinks, [x](double kink) { return std::abs(x - kink) < 0.1; }))
          return x;
      }
    });
  };
}

Domain stairs(double offset) {
  return [=](const Shape& shape, Rng& rng) {
    return generated(shape, [&] {
      return 0.5 * std::floor(9 * rng.uniform()) - 2.0 + offset + 0.05 * rng.uniform();
    });
  };
}

Domain distinct() {
  return [](const Shape& shape, Rng& rng) {
    const Tensor order = rng.permutation(shape.size());
    const double middle = 0.5 * static_cast<double>(shape.size());
    std::size_t i = 0;
    return generated(shape, [&] {
      const auto step = static_cast<double>(order.data<std::int64_t>()[i++]);
      return 0.25 * (step - middle) + 0.05 * rng.uniform();
    });
  };
}

Domain indices(std::int64_t n) {
  return [=](const Shape& shape, Rng& rng) { return rng.integers(0, n, shape); };
}

Domain exactly(std::vector<std::int64_t> values) {
  return [=](const Shape& shape, Rng&) { return labels(values).reshape(shape); };
}

Domain distributions() {
  return [](const Shape& shape, Rng& rng) {
    Tensor result = reals(0.2, 1.0)(shape, rng);
    const std::span<double> p = result.mutable_data<double>();
    for (std::size_t at = 0; at < p.size(); at += shape.back()) {
      double total = 0;
      for (std::size_t i = 0; i < shape.back(); ++i) total += p[at + i];
      for (std::size_t i = 0; i < shape.back(); ++i) p[at + i] /= total;
    }
    return result;
  };
}

}  // namespace wengert::op_table
