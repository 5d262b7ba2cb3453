// SPDX-License-Identifier: MIT
#include <wengert/ops/random.h>

#include "table_families.h"

namespace wengert::op_table {

namespace {

/// The op with an Rng that starts at the same place in every call.
template <class F>
std::vector<Variant> repeatable(const std::string& text, F f) {
  const Domain any = reals(-2, 2);
  return {
      {.text = text,
       .call = on([f](const Var& x) {
         Rng rng(1964);
         return f(x, rng);
       }),
       .samples = {{{{2, 3}, any}}, {{{}, any}}, {{{1}, any}}, {{{0, 3}, any}}, {{{37}, any}}}}};
}

}  // namespace

std::vector<Row> random_rows() {
  return {
      {.name = "normal_like",
       .formula = "standard normal noise of x's shape",
       .differentiable = false,
       .variants = repeatable("normal_like(x, rng)",
                              [](const Var& x, Rng& rng) { return normal_like(x, rng); })},
      {.name = "uniform_like",
       .formula = "uniform noise in [low, high) of x's shape",
       .differentiable = false,
       .variants =
           repeatable("uniform_like(x, rng, -1, 1)",
                      [](const Var& x, Rng& rng) { return uniform_like(x, rng, -1.0, 1.0); })},
      {.name = "bernoulli_like",
       .formula = "1 with probability p, else 0, of x's shape",
       .differentiable = false,
       .variants = repeatable("bernoulli_like(x, 0.3, rng)",
                              [](const Var& x, Rng& rng) { return bernoulli_like(x, 0.3, rng); })},
      {.name = "dropout",
       .formula = "0 with probability rate, else x / (1 - rate)",
       .reads = 1,
       .variants = repeatable("dropout(x, 0.4, rng)",
                              [](const Var& x, Rng& rng) { return dropout(x, 0.4, rng); })},
  };
}

}  // namespace wengert::op_table
