// SPDX-License-Identifier: MIT
#include <wengert/ops/arithmetic.h>

#include "table_families.h"

namespace wengert::op_table {

namespace {

const Domain any = reals(-2, 2);
const Domain positive = reals(0.4, 2.5);

/// Comparisons of two Vars and of a Var and a number, nowhere on a tie.
template <class Pair, class Number>
std::vector<Variant> comparisons(const std::string& symbol, Pair pair, Number number) {
  return {{.text = "a " + symbol + " b", .call = on(pair), .operands = {stairs(0), stairs(0.25)}},
          {.text = "a " + symbol + " 0.5",
           .call = on(number),
           .operands = {reals_apart(-2, 2, {0.5})}}};
}

std::vector<Row> sums_and_products() {
  return {
      {.name = "add",
       .formula = "a + b",
       .reads = 0,
       .variants = {{.call = on(add), .operands = {any, any}},
                    {.text = "x + 1.5",
                     .call = on([](const Var& x) { return x + 1.5; }),
                     .operands = {any}},
                    {.text = "1.5 + x",
                     .call = on([](const Var& x) { return 1.5 + x; }),
                     .operands = {any}}}},
      {.name = "sub",
       .formula = "a - b",
       .reads = 0,
       .variants = {{.call = on(sub), .operands = {any, any}},
                    {.text = "x - 1.5",
                     .call = on([](const Var& x) { return x - 1.5; }),
                     .operands = {any}},
                    {.text = "1.5 - x",
                     .call = on([](const Var& x) { return 1.5 - x; }),
                     .operands = {any}}}},
      {.name = "mul",
       .formula = "a b, element by element",
       .reads = 2,
       .variants = {{.call = on(mul), .operands = {any, any}},
                    {.text = "x * 1.5",
                     .call = on([](const Var& x) { return x * 1.5; }),
                     .operands = {any}},
                    {.text = "1.5 * x",
                     .call = on([](const Var& x) { return 1.5 * x; }),
                     .operands = {any}}}},
      {.name = "div",
       .formula = "a / b",
       .reads = 2,
       .variants = {{.call = on(div), .operands = {any, positive}},
                    {.text = "x / 1.5",
                     .call = on([](const Var& x) { return x / 1.5; }),
                     .operands = {any}},
                    {.text = "1.5 / x",
                     .call = on([](const Var& x) { return 1.5 / x; }),
                     .operands = {positive}}}},
      {.name = "neg",
       .formula = "-x",
       .reads = 0,
       .variants = {{.call = on(neg), .operands = {any}}}},
      {.name = "squared_difference",
       .formula = "(a - b)^2",
       .reads = 2,
       .variants = {{.call = on(squared_difference), .operands = {any, any}}}},
      {.name = "pow",
       .formula = "a^b",
       .reads = 2,
       .variants = {{.call = on(pow), .operands = {positive, any}},
                    {.text = "pow(x, 2.5)",
                     .call = on([](const Var& x) { return pow(x, 2.5); }),
                     .operands = {positive}},
                    {.text = "pow(x, 3)",
                     .call = on([](const Var& x) { return pow(x, 3.0); }),
                     .operands = {any}},
                    {.text = "pow(x, -1)",
                     .call = on([](const Var& x) { return pow(x, -1.0); }),
                     .operands = {positive}},
                    {.text = "pow(x, 0)",
                     .call = on([](const Var& x) { return pow(x, 0.0); }),
                     .operands = {any}},
                    {.text = "pow(2, x)",
                     .call = on([](const Var& x) { return pow(2.0, x); }),
                     .operands = {any}}},
       .conventions = {{.text = "the derivative of 0^b by b is 0, that of a^0 by a is 0",
                        .at = {tensor({0, 0, 0, 2}, f64), tensor({2, 1, 0, 0}, f64)},
                        .gradients = {tensor({0, 1, 0, 0}, f64),
                                      tensor({0, 0, 0, 0.69314718055994529}, f64)}},
                       {.text = "the derivative of x^0 at 0 is 0",
                        .variant = 4,
                        .at = {tensor({0, 2}, f64)},
                        .gradients = {tensor({0, 0}, f64)}}}},
  };
}

std::vector<Row> choices() {
  return {
      {.name = "maximum",
       .formula = "max(a, b)",
       .reads = 2,
       .variants = {{.call = on(maximum), .operands = {stairs(0), stairs(0.25)}},
                    {.text = "maximum(x, 0.5)",
                     .call = on([](const Var& x) { return maximum(x, 0.5); }),
                     .operands = {reals_apart(-2, 2, {0.5})}},
                    {.text = "maximum(0.5, x)",
                     .call = on([](const Var& x) { return maximum(0.5, x); }),
                     .operands = {reals_apart(-2, 2, {0.5})}}},
       .conventions = {{.text = "on a tie each gets half of the gradient",
                        .at = {tensor({1, 1, 2}, f64), tensor({2, 1, 1}, f64)},
                        .gradients = {tensor({0, 0.5, 1}, f64), tensor({1, 0.5, 0}, f64)}}}},
      {.name = "minimum",
       .formula = "min(a, b)",
       .reads = 2,
       .variants = {{.call = on(minimum), .operands = {stairs(0), stairs(0.25)}},
                    {.text = "minimum(x, 0.5)",
                     .call = on([](const Var& x) { return minimum(x, 0.5); }),
                     .operands = {reals_apart(-2, 2, {0.5})}},
                    {.text = "minimum(0.5, x)",
                     .call = on([](const Var& x) { return minimum(0.5, x); }),
                     .operands = {reals_apart(-2, 2, {0.5})}}},
       .conventions = {{.text = "on a tie each gets half of the gradient",
                        .at = {tensor({1, 1, 2}, f64), tensor({2, 1, 1}, f64)},
                        .gradients = {tensor({1, 0.5, 0}, f64), tensor({0, 0.5, 1}, f64)}}}},
      {.name = "where",
       .formula = "a where the condition is not 0, else b",
       .reads = 1,
       .variants = {{.call = on(where), .operands = {indices(2), any, any}},
                    {.text = "where(condition, a, 1.5)",
                     .call = on([](const Var& c, const Var& a) { return where(c, a, 1.5); }),
                     .operands = {indices(2), any}},
                    {.text = "where(condition, 1.5, b)",
                     .call = on([](const Var& c, const Var& b) { return where(c, 1.5, b); }),
                     .operands = {indices(2), any}}}},
      {.name = "cast",
       .formula = "x in another dtype",
       .reads = 0,
       .variants = {{.text = "cast(x, f32)",
                     .call = on([](const Var& x) { return cast(x, f32); }),
                     .operands = {any}},
                    {.text = "cast(x, f64)",
                     .call = on([](const Var& x) { return cast(x, f64); }),
                     .operands = {any}}}},
  };
}

std::vector<Row> tests_of_order() {
  return {
      {.name = "equal",
       .formula = "1 where a = b, else 0",
       .differentiable = false,
       .variants = {{.call = on(equal), .operands = {stairs(0), stairs(0.25)}},
                    {.text = "equal(i, k)",
                     .call = on(equal),
                     .operands = {indices(3), indices(3)}},
                    {.text = "equal(i, 1)",
                     .call = on([](const Var& i) { return equal(i, 1); }),
                     .operands = {indices(3)}},
                    {.text = "equal(1, i)",
                     .call = on([](const Var& i) { return equal(1, i); }),
                     .operands = {indices(3)}}}},
      {.name = "not_equal",
       .formula = "1 where a != b, else 0",
       .differentiable = false,
       .variants = comparisons(
           "!=", [](const Var& a, const Var& b) { return not_equal(a, b); },
           [](const Var& a) { return not_equal(a, 0.5); })},
      {.name = "less",
       .formula = "1 where a < b, else 0",
       .differentiable = false,
       .variants = comparisons(
           "<", [](const Var& a, const Var& b) { return a < b; },
           [](const Var& a) { return a < 0.5; })},
      {.name = "less_equal",
       .formula = "1 where a <= b, else 0",
       .differentiable = false,
       .variants = comparisons(
           "<=", [](const Var& a, const Var& b) { return a <= b; },
           [](const Var& a) { return a <= 0.5; })},
      {.name = "greater",
       .formula = "1 where a > b, else 0",
       .differentiable = false,
       .variants = comparisons(
           ">", [](const Var& a, const Var& b) { return a > b; },
           [](const Var& a) { return a > 0.5; })},
      {.name = "greater_equal",
       .formula = "1 where a >= b, else 0",
       .differentiable = false,
       .variants = comparisons(
           ">=", [](const Var& a, const Var& b) { return a >= b; },
           [](const Var& a) { return a >= 0.5; })},
  };
}

}  // namespace

std::vector<Row> arithmetic_rows() {
  std::vector<Row> all = sums_and_products();
  for (auto part : {choices, tests_of_order})
    for (Row& row : part()) all.push_back(std::move(row));
  return all;
}

}  // namespace wengert::op_table
