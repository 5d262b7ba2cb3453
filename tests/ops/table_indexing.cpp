// SPDX-License-Identifier: MIT
#include <wengert/ops/indexing.h>

#include "table_families.h"

namespace wengert::op_table {

std::vector<Row> indexing_rows() {
  const Domain any = reals(-2, 2);
  return {
      {.name = "take",
       .formula = "y[i.., k.., j..] = x[i.., indices[k..], j..]",
       .reads = 1,
       .variants = {{.text = "take(x, indices)",
                     .call = on([](const Var& x, const Var& i) { return take(x, i); }),
                     .samples = {{{{4, 3}, any}, {{5}, exactly({3, 0, 3, 3, 1})}},
                                 {{{3}, any}, {{2, 2}, indices(3)}},
                                 {{{3, 2}, any}, {{}, indices(3)}},
                                 {{{3, 2}, any}, {{0}, indices(3)}}}},
                    {.text = "take(x, indices, 1)",
                     .call = on([](const Var& x, const Var& i) { return take(x, i, 1); }),
                     .samples = {{{{2, 4}, any}, {{3}, exactly({1, 1, 2})}},
                                 {{{2, 4, 2}, any}, {{2, 1}, indices(4)}}}}}},
      {.name = "gather",
       .formula = "y[i, j] = x[i, indices[i, j]] along axis 1 of two",
       .reads = 1,
       .variants = {{.text = "gather(x, indices, 1)",
                     .call = on([](const Var& x, const Var& i) { return gather(x, i, 1); }),
                     .samples = {{{{2, 4}, any}, {{2, 3}, exactly({0, 0, 3, 2, 1, 2})}},
                                 {{{3, 4}, any}, {{2, 1}, indices(4)}},
                                 {{{2, 4}, any}, {{2, 0}, indices(4)}}}},
                    {.text = "gather(x, indices, 0)",
                     .call = on([](const Var& x, const Var& i) { return gather(x, i, 0); }),
                     .samples = {{{{3, 2}, any}, {{4, 2}, indices(3)}},
                                 {{{3}, any}, {{5}, exactly({1, 1, 1, 0, 2})}}}}}},
      {.name = "scatter_add",
       .formula = "zeros to which every value is added where gather would have read it",
       .reads = 1,
       .variants = {{.text = "scatter_add(values, indices, 1, {2, 4})",
                     .call = on([](const Var& values, const Var& i) {
                       return scatter_add(values, i, 1, Shape{2, 4});
                     }),
                     .samples = {{{{2, 3}, any}, {{2, 3}, exactly({0, 0, 3, 2, 1, 2})}},
                                 {{{1, 2}, any}, {{1, 2}, indices(4)}},
                                 {{{2, 0}, any}, {{2, 0}, indices(4)}}}}}},
      {.name = "one_hot",
       .formula = "1 at the label, else 0",
       .differentiable = false,
       .variants = {{.text = "one_hot(labels, 4)",
                     .call = on([](const Var& labels) { return one_hot(labels, 4); }),
                     .samples = {{{{3}, indices(4)}},
                                 {{{2, 2}, indices(4)}},
                                 {{{}, indices(4)}},
                                 {{{0}, indices(4)}}}},
                    {.text = "one_hot(labels, 4, i64)",
                     .call = on([](const Var& labels) { return one_hot(labels, 4, i64); }),
                     .samples = {{{{3}, indices(4)}}}}}},
  };
}

}  // namespace wengert::op_table
