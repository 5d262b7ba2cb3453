// SPDX-License-Identifier: MIT
#include <wengert/ops/softmax.h>

#include "table_families.h"

namespace wengert::op_table {

namespace {

template <class F>
std::vector<Variant> along_axes(const std::string& name, F f) {
  const Domain logits = reals(-3, 3);
  return {
      {.text = name + "(x)",
       .call = on([f](const Var& x) { return f(x, -1); }),
       .samples = {{{{3, 4}, logits}}, {{{1}, logits}}, {{{2, 19}, logits}}, {{{0, 3}, logits}}}},
      {.text = name + "(x, 0)",
       .call = on([f](const Var& x) { return f(x, 0); }),
       .samples = {{{{3, 2}, logits}}, {{{2, 3, 2}, logits}}}}};
}

}  // namespace

std::vector<Row> softmax_rows() {
  const Domain logits = reals(-3, 3);
  return {
      {.name = "softmax",
       .formula = "e^x / sum e^x along an axis",
       .reads = 1,
       .variants = along_axes("softmax", [](const Var& x, int axis) { return softmax(x, axis); })},
      {.name = "log_softmax",
       .formula = "x - ln sum e^x along an axis",
       .reads = 1,
       .variants =
           along_axes("log_softmax", [](const Var& x, int axis) { return log_softmax(x, axis); })},
      {.name = "softmax_cross_entropy",
       .formula = "-log_softmax(logits)[label] of every row",
       .reads = 2,
       .variants = {{.call = on(softmax_cross_entropy),
                     .samples = {{{{3, 4}, logits}, {{3}, indices(4)}},
                                 {{{2, 2, 3}, logits}, {{2, 2}, indices(3)}},
                                 {{{4}, logits}, {{}, indices(4)}},
                                 {{{2, 1}, logits}, {{2}, indices(1)}},
                                 {{{0, 3}, logits}, {{0}, indices(3)}}}}}},
      {.name = "softmax_cross_entropy_with_distribution",
       .formula = "-sum target log_softmax(logits) of every row",
       .reads = 2,
       .variants = {{.call = on(softmax_cross_entropy_with_distribution),
                     .samples = {{{{3, 4}, logits}, {{3, 4}, distributions()}},
                                 {{{4}, logits}, {{4}, distributions()}},
                                 {{{2, 1}, logits}, {{2, 1}, distributions()}},
                                 {{{0, 3}, logits}, {{0, 3}, distributions()}}}}}},
  };
}

}  // namespace wengert::op_table
