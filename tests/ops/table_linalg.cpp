// SPDX-License-Identifier: MIT
#include <wengert/ops/linalg.h>

#include "table_families.h"

namespace wengert::op_table {

namespace {

const Domain any = reals(-2, 2);

Sample pair(const Shape& a, const Shape& b) { return {{a, any}, {b, any}}; }

Variant product(const std::string& text, Transposed transposed, std::vector<Sample> samples) {
  return {.text = text,
          .call = on([transposed](const Var& a, const Var& b) { return matmul(a, b, transposed); }),
          .samples = std::move(samples)};
}

}  // namespace

std::vector<Row> linalg_rows() {
  return {
      {.name = "matmul",
       .formula = "a b over the last two axes",
       .reads = 2,
       .variants = {product("matmul(a, b)", {},
                            {pair({2, 3}, {3, 4}), pair({3, 3}, {3, 3}), pair({1, 1}, {1, 1}),
                             pair({2, 2, 3}, {3, 2}), pair({2, 3}, {2, 3, 2}),
                             pair({2, 1, 2, 3}, {3, 3, 2}), pair({0, 2}, {2, 3}),
                             pair({2, 0}, {0, 3}), pair({0, 2, 2}, {2, 2})}),
                    product("matmul(a, b, {.left = true})", {.left = true},
                            {pair({3, 2}, {3, 4}), pair({3, 3}, {3, 3}), pair({2, 3, 2}, {3, 2}),
                             pair({3, 2}, {2, 3, 2})}),
                    product("matmul(a, b, {.right = true})", {.right = true},
                            {pair({2, 3}, {4, 3}), pair({3, 3}, {3, 3}), pair({2, 2, 3}, {2, 3}),
                             pair({2, 3}, {2, 2, 3})}),
                    product(
                        "matmul(a, b, {.left = true, .right = true})",
                        {.left = true, .right = true},
                        {pair({3, 2}, {4, 3}), pair({2, 3, 2}, {2, 3}), pair({3, 2}, {2, 2, 3})})}},
      {.name = "linear",
       .formula = "x weight^T + bias",
       .reads = 2,
       .variants =
           {{.text = "linear(x, weight, bias)",
             .call = on([](const Var& x, const Var& w, const Var& b) { return linear(x, w, b); }),
             .samples = {{{{3, 4}, any}, {{2, 4}, any}, {{2}, any}},
                         {{{2, 2, 3}, any}, {{2, 3}, any}, {{2}, any}},
                         {{{4}, any}, {{2, 4}, any}, {{2}, any}},
                         {{{1, 1}, any}, {{1, 1}, any}, {{1}, any}},
                         {{{0, 2}, any}, {{3, 2}, any}, {{3}, any}}}},
            {.text = "linear(x, weight)",
             .call = on([](const Var& x, const Var& w) { return linear(x, w); }),
             .samples = {pair({3, 4}, {2, 4}), pair({2, 2, 3}, {2, 3}), pair({4}, {2, 4})}}}},
      {.name = "dot",
       .formula = "sum a b of two vectors",
       .reads = 2,
       .variants = {{.call = on(dot),
                     .samples = {pair({4}, {4}), pair({1}, {1}), pair({0}, {0})}}}},
      {.name = "outer",
       .formula = "a b^T of two vectors",
       .reads = 2,
       .variants = {{.call = on(outer),
                     .samples = {pair({3}, {4}), pair({3}, {3}), pair({1}, {1}), pair({0}, {2})}}}},
  };
}

}  // namespace wengert::op_table
