// SPDX-License-Identifier: MIT
#include <wengert/ops/reduce.h>

#include "table_families.h"

namespace wengert::op_table {

namespace {

using Reduction = Var (*)(const Var&, Axes, Keep);

/// Over everything, each end, two axes at once and, with `keep_axes`, a middle one; an axis that is
/// not reduced may be empty.
std::vector<Variant> over_axes(const std::string& name, const Domain& domain, Reduction f) {
  return {{.text = name + "(x)",
           .call = on([f](const Var& x) { return f(x, {}, Keep::no); }),
           .samples = {{{{2, 3, 2}, domain}}, {{{37}, domain}}}},
          {.text = name + "(x, 0)",
           .call = on([f](const Var& x) { return f(x, 0, Keep::no); }),
           .samples = {{{{3, 4}, domain}}, {{{2, 0}, domain}}, {{{3, 2, 2}, domain}}}},
          {.text = name + "(x, -1)",
           .call = on([f](const Var& x) { return f(x, -1, Keep::no); }),
           .samples = {{{{3, 4}, domain}}, {{{0, 2}, domain}}}},
          {.text = name + "(x, {0, 2})",
           .call = on([f](const Var& x) {
             return f(x, {0, 2}, Keep::no);
           }),
           .samples = {{{{2, 3, 2}, domain}}}},
          {.text = name + "(x, 1, keep_axes)",
           .call = on([f](const Var& x) { return f(x, 1, keep_axes); }),
           .samples = {{{{2, 3, 2}, domain}}}}};
}

/// The same and, for ops that are smooth there, of one element.
std::vector<Variant> also_of_one(const std::string& name, const Domain& domain, Reduction f) {
  std::vector<Variant> variants = over_axes(name, domain, f);
  variants.front().samples.push_back({{{}, domain}});
  variants.front().samples.push_back({{{1, 1}, domain}});
  return variants;
}

/// The same and, for ops that have a value there, of nothing.
std::vector<Variant> also_of_none(const std::string& name, const Domain& domain, Reduction f) {
  std::vector<Variant> variants = also_of_one(name, domain, f);
  variants.front().samples.push_back({{{0}, domain}});
  variants[1].samples.push_back({{{0, 3}, domain}});
  return variants;
}

template <class F>
std::vector<Variant> along_axes(const std::string& name, F f) {
  return {{.text = name + "(x)",
           .call = on([f](const Var& x) { return f(x, -1); }),
           .samples = {{{{3, 4}, distinct()}}, {{{1}, distinct()}}, {{{0, 2}, distinct()}}}},
          {.text = name + "(x, 0)",
           .call = on([f](const Var& x) { return f(x, 0); }),
           .samples = {{{{3, 4}, distinct()}}, {{{2, 3, 2}, distinct()}}}}};
}

}  // namespace

std::vector<Row> reduce_rows() {
  const Domain any = reals(-2, 2);
  const auto var_of = [](const Var& x, Axes axes, Keep keep) { return var(x, axes, keep); };
  const auto std_of = [](const Var& x, Axes axes, Keep keep) { return std(x, axes, keep); };
  std::vector<Variant> variances = also_of_one("var", any, var_of);
  variances.push_back({.text = "var(x, 0, Keep::no, 1)",
                       .call = on([](const Var& x) { return var(x, 0, Keep::no, 1); }),
                       .samples = {{{{3, 2}, any}}}});
  std::vector<Variant> deviations = over_axes("std", distinct(), std_of);
  deviations.push_back({.text = "std(x, 0, Keep::no, 1)",
                        .call = on([](const Var& x) { return std(x, 0, Keep::no, 1); }),
                        .samples = {{{{3, 2}, distinct()}}}});
  return {
      {.name = "sum", .formula = "sum of x", .reads = 0, .variants = also_of_none("sum", any, sum)},
      {.name = "mean",
       .formula = "sum / count",
       .reads = 0,
       .variants = also_of_one("mean", any, mean)},
      {.name = "max",
       .formula = "the largest element",
       .reads = 2,
       .variants = also_of_one("max", distinct(), max),
       .conventions = {{.text = "equal elements share the gradient evenly",
                        .at = {tensor({1, 3, 3, 2, 3}, f64) /* three of them */},
                        .gradients = {tensor({0, 1.0 / 3, 1.0 / 3, 0, 1.0 / 3}, f64)}}}},
      {.name = "min",
       .formula = "the smallest element",
       .reads = 2,
       .variants = also_of_one("min", distinct(), min),
       .conventions = {{.text = "equal elements share the gradient evenly",
                        .at = {tensor({1, 3, 1, 2}, f64)},
                        .gradients = {tensor({0.5, 0, 0.5, 0}, f64)}}}},
      {.name = "var",
       .formula = "sum (x - mean)^2 / (count - correction)",
       .reads = 2,
       .variants = variances},
      {.name = "std",
       .formula = "sqrt(var)",
       .reads = 2,
       .variants = deviations,
       .conventions = {{.text = "the derivative where all are equal is 0",
                        .at = {tensor({2, 2, 2}, f64)},
                        .gradients = {tensor({0, 0, 0}, f64)}}}},
      {.name = "logsumexp",
       .formula = "ln sum e^x",
       .reads = 2,
       .variants = also_of_one("logsumexp", any, logsumexp)},
      {.name = "norm",
       .formula = "sqrt(sum x^2)",
       .reads = 2,
       .variants = also_of_none("norm", reals_apart(-2, 2, {0}), norm),
       .conventions = {{.text = "the derivative at 0 is 0",
                        .at = {tensor({0, 0, 0}, f64)},
                        .gradients = {tensor({0, 0, 0}, f64)}}}},
      {.name = "argmax",
       .formula = "index of the first largest element",
       .differentiable = false,
       .variants = along_axes("argmax", [](const Var& x, int axis) { return argmax(x, axis); })},
      {.name = "argmin",
       .formula = "index of the first smallest element",
       .differentiable = false,
       .variants = along_axes("argmin", [](const Var& x, int axis) { return argmin(x, axis); })},
      {.name = "sum_to",
       .formula = "x summed over the axes along which the shape was stretched",
       .reads = 0,
       .variants = {{.text = "sum_to(x, {3, 1})",
                     .call = on([](const Var& x) {
                       return sum_to(x, Shape{3, 1});
                     }),
                     .samples = {{{{3, 4}, any}}, {{{2, 3, 2}, any}}, {{{0, 3, 1}, any}}}}}},
  };
}

}  // namespace wengert::op_table
